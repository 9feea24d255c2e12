"""Spellings of train, val and test in the names of folders and files."""

import re
import unicodedata
from pathlib import Path

from zoo.data.base import Split

_WORDS: dict[str, Split] = {
    **dict.fromkeys(("train", "training", "trn"), "train"),
    **dict.fromkeys(
        ("val", "valid", "validation", "validate", "validating", "vld", "dev", "eval", "evaluation"), "val"
    ),
    **dict.fromkeys(("test", "testing", "tst", "holdout"), "test"),
}
_FILLERS = frozenset(
    ["set", "sets", "data", "dataset", "split", "image", "images", "img", "imgs", "pictures", "photos", "folder", "seg"]
)


def split_of(name: str) -> Split | None:
    """The split that a folder is usually named for, or None.

    >>> [split_of(name) for name in ("Training", "test_set", "ValidationData", "seg_train", "train station", "bus")]
    ['train', 'test', 'val', 'train', None, None]
    """
    words = _words(name)
    return _split(words[0]) if len(words) == 1 else None


def loose_split_of(name: str) -> Split | None:
    """The split whose word stands among others in a name, which may also be that of a class; or None.

    >>> [loose_split_of(name) for name in ("train2017", "testB", "val_small", "train station", "train_test", "bus")]
    ['train', 'test', 'val', 'train', None, None]
    """
    found = [split for word in _words(name) for part in re.findall(r"[^\W\d]+", word) if (split := _split(part))]
    return found[0] if len(found) == 1 else None


def is_filler(name: str) -> bool:
    """Whether a name says nothing of its content: `images`, `dataset`."""
    return not _words(name)


def _words(name: str) -> list[str]:
    plain = unicodedata.normalize("NFKC", name)  # full-width letters
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", plain).casefold()
    return [word for word in re.split(r"[\W_]+", spaced) if word and word not in _FILLERS]


def _split(word: str) -> Split | None:
    return _WORDS.get(word) or _WORDS.get(re.sub(r"(set|data|images|imgs)$", "", word))


def spelled(parent: Path, name: str) -> Path | None:
    """The folder or file `name` in `parent`, or the only one of another spelling: `valid` or `val2017` for `val`.

    The ending counts: `val.txt` is not `valid`.
    """
    exact = parent / name
    if exact.exists():
        return exact
    if not parent.is_dir():
        return None
    stem, suffix = Path(name).stem, Path(name).suffix.casefold()
    split = split_of(stem)
    others = [path for path in parent.iterdir() if path.suffix.casefold() == suffix]
    alike = [
        path
        for path in others
        if path.stem.casefold() == stem.casefold() or (split is not None and split_of(path.stem) == split)
    ]
    if split and not alike:
        alike = [path for path in others if split_of(re.sub(r"\d+", " ", path.stem)) == split]
    return alike[0] if len(alike) == 1 else None
