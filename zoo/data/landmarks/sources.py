"""Finds the files of each split of a set with points."""

from collections.abc import Mapping
from pathlib import Path

from zoo.data.base import Split
from zoo.data.file_names import file_names
from zoo.data.landmarks.coco_points import read_coco_points
from zoo.data.landmarks.csv_points import read_csv
from zoo.data.landmarks.pts import read_pts
from zoo.data.landmarks.samples import PointSet
from zoo.data.split_names import split_of
from zoo.errors import ZooError

_KINDS = (".csv", ".json")
_WORDS = ("points", "keypoints", "landmarks", "annotations", "labels", "person", "coco")  # around a split in a name


def find_sources(root: Path, names: Mapping[Split, str | int | None]) -> dict[Split, Path]:
    """The CSV or JSON file, or the folder with `.pts` files, of each split that has its own.

    Raises:
        ZooError: a given file that does not exist, one file for two splits, or several that `auto` cannot tell apart.
    """
    if root.is_file():
        return {"train": root}
    found: dict[Split, Path] = {}
    for split, name in names.items():
        if name is None or name == "auto":
            continue
        path = root / str(name)
        if not path.exists():
            there = [path.relative_to(root).as_posix() for path in _annotations(root)][:6]
            hint = f"; there are {', '.join(there)}" if there else ""
            raise ZooError(f"the file {path} of data.{split}={name} does not exist{hint}")
        found[split] = path
    for split, path in found.items():
        again = next((other for other in found if other != split and found[other] == path), None)
        if again is not None:
            raise ZooError(f"`data.{split}` (={path.name}) is that of data.{again}, too: null cuts it out of train")
    if "train" not in found:
        if names["train"] is None:
            raise ZooError("`data.train` (=null) must name a file; only val and test may be null")
        automatic = _automatic(root)
        found |= {split: path for split, path in automatic.items() if names[split] == "auto" and split not in found}
    return {split: found[split] for split in ("train", "val", "test") if split in found}


def read_points(source: Path, images: Path, train: PointSet | None) -> PointSet:
    """Reads one split; `train` is the training split, whose points and classes the others must have.

    Raises:
        ZooError: a file of another format, or points or classes that differ from those of the training split.
    """
    if source.is_dir():
        points = read_pts(source)
    elif source.suffix.lower() == ".json":
        points = read_coco_points(source, images)
    elif source.suffix.lower() == ".csv":
        points = read_csv(source, images, train.class_names if train is not None else None)
    else:
        raise ZooError(f"{source} is neither .csv nor .json, nor a folder with .pts files")
    if train is not None and points.names != train.names:
        raise ZooError(
            f"{source} has the points {_shown(points.names)}, and the training split has {_shown(train.names)}: "
            "give all splits the same points in the same order"
        )
    if train is not None and points.class_names != train.class_names:
        raise ZooError(
            f"{source} has the classes {_shown(points.class_names)}, and the training split has "
            f"{_shown(train.class_names)}"
        )
    return points


def _annotations(root: Path) -> list[Path]:
    return [root / name for name in file_names(root) if Path(name).suffix.lower() in _KINDS]


def _automatic(root: Path) -> dict[Split, Path]:
    """The annotation files below `root` by the split that their names tell, or the only one; else folders of .pts."""
    files = _annotations(root)
    by_split: dict[Split, list[Path]] = {}
    for path in files:
        if (split := _split(path)) is not None:
            by_split.setdefault(split, []).append(path)
    if by_split.get("train"):
        if several := [found for found in by_split.values() if len(found) > 1]:
            shown = ", ".join(path.relative_to(root).as_posix() for path in several[0])
            raise ZooError(
                f"{root} has several annotation files for one split, {shown}: give data.train=FILE data.val=FILE"
            )
        return {split: found[0] for split, found in by_split.items()}
    if len(files) == 1:
        return {"train": files[0]}
    if files:
        shown = ", ".join(path.relative_to(root).as_posix() for path in files[:6])
        raise ZooError(
            f"{root} has several annotation files, {shown}: give data.train=FILE data.val=FILE data.test=FILE"
        )
    folders = {split: path for path in sorted(root.iterdir()) if path.is_dir() and (split := split_of(path.name))}
    with_pts = {split: path for split, path in folders.items() if _has_pts(path)}
    if "train" in with_pts:
        return with_pts
    if _has_pts(root):
        return {"train": root}
    raise ZooError(f"{root} has no points: neither a .csv file, nor COCO keypoints .json, nor .pts files beside images")


def _split(path: Path) -> Split | None:
    """The split that the words of a name tell, as in `person_keypoints_train2017`."""
    words = [word for word in path.stem.replace("-", "_").replace(".", "_").split("_") if word.casefold() not in _WORDS]
    return split_of("_".join(words).rstrip("0123456789").rstrip("_"))


def _has_pts(folder: Path) -> bool:
    return any(name.lower().endswith(".pts") for name in file_names(folder))


def _shown(names: tuple[str, ...]) -> str:
    return ", ".join(names[:8]) + (f", … ({len(names)})" if len(names) > 8 else "")
