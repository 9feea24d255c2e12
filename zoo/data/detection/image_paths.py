"""Finds the image files that annotations name."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from zoo.data.file_names import decodings, fold
from zoo.data.images.files import IMAGES, list_images


def find_images(folder: Path, names: Iterable[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of the `names` below `folder`: those where the name says, and those found elsewhere or respelled.

    Exporters write paths of the machine that made the file, backslashes, other folders, no ending or another one, and
    names that differ in capitals, in composed letters, in the encoding or in percent escapes. Such a name is found if a
    single file has its last part and the most of its folders, and if no other name has that file.
    """
    written = {name: folder / name.replace("\\", "/").removeprefix("file://") for name in names}
    # os.path: a name that the system refuses, such as one of 300 letters, is no file.
    exact = {name: path for name, path in written.items() if os.path.isfile(path)}  # noqa: PTH113
    missing = [name for name in written if name not in exact]
    if not missing:
        return exact, {}
    by_last: dict[str, list[Path]] = defaultdict(list)
    by_stem: dict[str, list[Path]] = defaultdict(list)
    for path in list_images(folder):
        for spelling in {fold(each) for each in decodings(path.name)}:
            by_last[spelling].append(path)
            by_stem[_stem(spelling)].append(path)
    closest = {name: _closest(_parts(name), by_last) or _closest(_stems(name), by_stem) for name in missing}
    found = {name: path for name, path in closest.items() if path is not None}
    claims = Counter([*exact.values(), *found.values()])
    return exact, {name: path for name, path in found.items() if claims[path] == 1}


def _parts(name: str) -> list[str]:
    return [fold(part) for part in PurePosixPath(unquote(name.replace("\\", "/"))).parts]


def _stems(name: str) -> list[str]:
    *folders, last = _parts(name) or [""]
    return [*folders, _stem(last)]


def _stem(name: str) -> str:
    """The name without the ending of an image."""
    return name.rpartition(".")[0] if IMAGES.accepts(name) else name


def _closest(parts: list[str], by_last: dict[str, list[Path]]) -> Path | None:
    shared: dict[int, list[Path]] = defaultdict(list)
    for path in by_last.get(parts[-1] if parts else "", []):
        pairs = zip(reversed(parts[:-1]), reversed([fold(part) for part in path.parts[:-1]]), strict=False)
        shared[next((n for n, (a, b) in enumerate(pairs) if a != b), len(parts))].append(path)
    best = shared[max(shared)] if shared else []
    return best[0] if len(best) == 1 else None
