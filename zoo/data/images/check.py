"""Checks images of folders or a table before training: its content, broken images, and images that are there twice."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np

from zoo.data.base import Split
from zoo.data.file_names import printable
from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.images.lazy_files import ImageFiles
from zoo.data.images.tar_member import TarMember

_ORDER = ("train", "val", "test")
_LISTED = 20  # problems of one kind


def check_files(splits: Mapping[Split, ImageFiles], class_names: Sequence[str] | None) -> bool:
    """Reads every image and prints the content and the problems of all splits; the labels are numbers without classes.

    Returns:
        True if every image can be read, and none has two labels or lies in two splits.
    """
    several = "one image with several numbers" if class_names is None else "one image in several classes"
    problems: dict[str, list[str]] = defaultdict(list)
    places: dict[bytes, list[tuple[Split, float, Path | TarMember]]] = defaultdict(list)
    for split in sorted(splits, key=_ORDER.index):
        images = splits[split]
        shown = ""
        if class_names is not None:
            counts = np.bincount(images.files.labels, minlength=len(class_names))
            shown = "; " + ", ".join(f"{name} {count:,}" for name, count in zip(class_names, counts, strict=True))
        print(f"{split}: {len(images):,} images{shown}")
        for index, label in enumerate(images.labels.tolist()):
            path = images.path(index)
            try:
                read_image(path, channels=3)
            except UnreadableImage as error:
                problems["broken image"].append(f"{printable(path)}: {error.reason}")
                continue
            places[sha256(path.read_bytes()).digest()].append((split, label, path))
    for copies in places.values():
        where = ", ".join(printable(path) for *_, path in copies)
        if len({label for _, label, _ in copies}) > 1:
            problems[several].append(where)
        elif len({split for split, *_ in copies}) > 1:
            problems["one image in several splits"].append(where)
        elif len(copies) > 1:
            problems["one image several times"].append(where)
    for kind, found in problems.items():
        print(f"{len(found)} × {kind}")
        for line in found[:_LISTED]:
            print(f"  {line}")
        if len(found) > _LISTED:
            print(f"  … and {len(found) - _LISTED} more")
    total = sum(map(len, problems.values()))
    print(f"{total} problem{'s' if total > 1 else ''}" if total else "no problems")
    return not total
