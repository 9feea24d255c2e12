"""Names of files and folders: comparison, display, and what operating systems and storage boxes leave behind."""

import os
import re
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from zoo.errors import ZooError

_SYSTEM_FOLDERS = frozenset(
    {
        "@eadir",  # Synology: thumbnails
        "@tmp",
        "#recycle",
        "#snapshot",
        "~snapshot",  # NetApp
        "~snap",
        "@recycle",  # QNAP
        "@recently-snapshot",
        "@__thumb",
        "@sharebin",
        "@synoresource",
        "@synodrive",
        "@sharesnap",
        "@appstore",
        "@database",
        "trashbox",  # Buffalo
        "_gsdata_",  # GoodSync
        "$recycle.bin",  # Windows
        "recycler",
        "dfsrprivate",
        "system volume information",
        "_vti_cnf",
        "__macosx",  # macOS: archives and network drives
        "network trash folder",
        "temporary items",
        "thevolumesettingsfolder",
        "thefindbycontentfolder",
        "lost+found",  # Linux
    }
)
_GUESSED = re.compile(r"[@~]\w{3,}")  # storage boxes begin the names of their own folders so
_THUMBNAILS = frozenset({"thumb", "thumbs", "_thumbs", "thumbnail", "thumbnails", "_thumbnails"})
_SYSTEM_FILES = frozenset(
    {"thumbs.db", "ehthumbs.db", "ehthumbs_vista.db", "desktop.ini", "icon\r", "zbthumbnail.info"}
)


class FileKind(NamedTuple):
    """A kind of file that a data module reads."""

    noun: str
    """The plural in messages, such as `images`."""
    extensions: tuple[str, ...]
    """In small letters, with the dot."""

    def accepts(self, name: str) -> bool:
        """Whether a file is of this kind, by its name alone."""
        return not is_system_file(name) and name.lower().endswith(self.extensions)

    def names(self, folder: Path) -> list[str]:
        """The relative paths of its files below a folder, as of `file_names`."""
        return [name for name in file_names(folder) if self.accepts(name)]


def is_system_folder(name: str) -> bool:
    """Whether a folder is hidden, a cache, or made by an operating system or a storage box: it has no user's files."""
    return _GUESSED.match(name) is not None or _is_known(name)


def guessed_system_folders(folder: Path) -> list[str]:
    """The sorted names of folders in `folder` that `is_system_folder` takes for those of a storage box by a sign alone.

    Names them to the user: one could be a class.
    """
    names = [entry.name for entry in folder.iterdir() if entry.is_dir()]
    return sorted(name for name in names if _GUESSED.match(name) and not _is_known(name))


def _is_known(name: str) -> bool:
    folded = name.casefold()
    return (
        folded.startswith((".", "__macosx", "__pycache__"))
        or folded in _SYSTEM_FOLDERS
        or name == "RECYCLED"  # of early Windows; in small letters it may be a class
        or re.fullmatch(r"found\.\d{3}", folded) is not None
    )


def in_thumbnails(path: str) -> bool:
    """Whether a file lies in a folder of thumbnails, by its relative path with slashes."""
    return any(part.casefold() in _THUMBNAILS for part in path.split("/")[:-1])


def is_system_file(name: str) -> bool:
    """Whether a file is hidden or made by an operating system."""
    return name.startswith(".") or name.casefold() in _SYSTEM_FILES


def file_names(folder: str | Path) -> list[str]:
    """Returns the relative paths of all files below a folder, sorted; skips hidden files, hidden and system folders.

    Raises:
        ZooError: the folder does not exist, or is a file.
    """
    root = Path(folder)
    if not root.is_dir():
        what = "is a file, not a folder" if root.exists() else "does not exist"
        raise ZooError(f"the folder `{folder}` {what}")
    found: list[str] = []
    seen: set[str] = set()
    for parent, folders, files in os.walk(root, followlinks=True):
        real = os.path.realpath(parent)
        if real in seen:  # a symbolic link to a parent folder would be followed forever
            folders.clear()
            continue
        seen.add(real)
        folders[:] = [name for name in folders if not is_system_folder(name)]
        below = Path(parent).relative_to(root).parts
        found += ["/".join((*below, name)) for name in files if not is_system_file(name)]
    return sorted(found, key=_parts if len(seen) > 1 else None)


def _parts(name: str) -> list[str]:
    """Sort key that keeps the files of a folder together, before those of `folder-2`."""
    return name.split("/")


def printable(name: str | os.PathLike[str]) -> str:
    r"""The name as composed Unicode (NFC); bytes that are not UTF-8 become escapes such as `\xfc`.

    A name that was written in another encoding cannot be printed or stored as UTF-8 text otherwise.
    """
    return unicodedata.normalize("NFC", os.fsencode(name).decode("utf-8", "backslashreplace"))


def fold(name: str) -> str:
    """A key that is equal for names that differ in capitals or in composed and decomposed letters only."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def decodings(name: str) -> list[str]:
    """The name; one that is no UTF-8 also as old archives of Windows and DOS mean it."""
    data = os.fsencode(name)
    return [name] if name.isprintable() else [data.decode("cp1252", "replace"), data.decode("cp437"), name]


class NamedFiles:
    """Files by name.

    A name that is not found as written is found if one file differs in `fold`ed spelling or in the encoding only.
    """

    def __init__(self, files: Iterable[tuple[str, Path]]) -> None:
        self.exact: Mapping[str, Path] = dict(files)
        self._folded: dict[str, set[Path]] = {}
        for name, path in self.exact.items():
            for spelling in decodings(name):
                self._folded.setdefault(fold(spelling), set()).add(path)

    def find(self, name: str) -> Path | None:
        """The file of this name, or None."""
        if name in self.exact:
            return self.exact[name]
        alike = set[Path]().union(*(self._folded.get(fold(spelling), ()) for spelling in decodings(name)))
        return next(iter(alike)) if len(alike) == 1 else None
