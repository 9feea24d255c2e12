"""Finds the image files that annotations name."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from urllib.parse import unquote

from zoo.data.file_names import fold
from zoo.data.images.files import list_images


def find_images(folder: Path, names: Iterable[str]) -> tuple[dict[str, Path], dict[str, Path]]:
    """The files of the `names` below `folder`: those where the name says, and those found elsewhere or respelled.

    Exporters write paths of the machine that made the file, backslashes, other folders, and names that differ in
    capitals, in composed letters or in percent escapes. Such a name is found if a single file has its last part and
    the most of its folders, and if no other name has that file.
    """
    written = {name: folder / name.replace("\\", "/").removeprefix("file://") for name in names}
    exact = {name: path for name, path in written.items() if path.is_file()}
    missing = [name for name in written if name not in exact]
    if not missing:
        return exact, {}
    by_last: dict[str, list[Path]] = defaultdict(list)
    for path in list_images(folder):
        by_last[fold(path.name)].append(path)
    closest = {name: _closest(_parts(name), by_last) for name in missing}
    found = {name: path for name, path in closest.items() if path is not None}
    claims = Counter([*exact.values(), *found.values()])
    return exact, {name: path for name, path in found.items() if claims[path] == 1}


def _parts(name: str) -> list[str]:
    return [fold(part) for part in PurePosixPath(unquote(name.replace("\\", "/"))).parts]


def _closest(parts: list[str], by_last: dict[str, list[Path]]) -> Path | None:
    shared: dict[int, list[Path]] = defaultdict(list)
    for path in by_last.get(parts[-1] if parts else "", []):
        pairs = zip(reversed(parts), reversed([fold(part) for part in path.parts]), strict=False)
        shared[next((n for n, (a, b) in enumerate(pairs) if a != b), len(parts))].append(path)
    best = shared[max(shared)] if shared else []
    return best[0] if len(best) == 1 else None
