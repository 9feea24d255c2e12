"""Images with one number each, from a table of paths and values."""

import os
import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from zoo.data.base import Split
from zoo.data.class_folders import Files
from zoo.data.detection.image_paths import find_images
from zoo.data.images.check import check_files
from zoo.data.images.file_data import ImageFileData
from zoo.data.splits import Indices
from zoo.data.table.frames import read_source, table_of
from zoo.data.table.raw import RawTable, missing
from zoo.data.table.splits import require_split, split_rows
from zoo.data.table.target import Target, find_target
from zoo.errors import ZooError, unknown

_SPLITS = ("random", "group", "time", "column")


@dataclass(kw_only=True, eq=False)
class ImageTable(ImageFileData):
    """Images whose paths stand in the column `image` of a table, and their numbers in the column `target`.

    By default these are the first and the last column; without `header` they are called 0, 1, …. Paths are relative to
    `root`, by default the folder of the table. `split`: `random`, `group` (rows with one value of the column `split_by`
    stay together), `time` (the latest rows by `split_by` are the test), or `column` (`split_by` holds train, val and
    test).

    Raises:
        ZooError: a value out of its range.
    """

    feeds = frozenset({"image regression"})

    path: str
    root: str | None  # type: ignore[assignment]
    header: bool
    image: str | int | None
    target: str | int | None
    split: str
    split_by: str | None

    def __post_init__(self) -> None:
        self.table = Path(self.path).expanduser()
        self.root: str = self.root or str(self.table.parent)
        super().__post_init__()
        require_split(self.split, self.split_by, _SPLITS)
        if getattr(self.augmentation, "mixes_labels", False):
            raise ZooError("`data.augmentation` mixes classes, and images of a table have numbers: take another")
        self.target_column: Target
        """Set by `load`."""

    def split_files(self, root: Path) -> dict[Split, Any]:
        """Reads the table, finds its images, and splits its rows.

        Raises:
            ZooError: an unreadable table, a target that is no number or constant, or an image that does not exist.
        """
        table, image, target = self._read()
        self.target_column, tables, values = find_target({"train": table}, target, "number", None)
        table, numbers = tables["train"], values["train"]
        table, numbers = self._with_images(table, image, numbers)
        fractions: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        rows = split_rows(table, self.split, self.split_by, fractions, self.seed)
        files = self._files(root, table, image, numbers)
        self.target_column = self.target_column.scaled(numbers[rows["train"]], "standard")
        shown = ", ".join(f"{name} {len(rows[name]):,}" for name in ("train", "val", "test"))
        print(f"{self.table}: images: {shown}; the target `{target}` is a number")
        self._warn_of_repeats(files, rows, image)
        return {name: files.part(indices) for name, indices in rows.items()}

    def check(self, folder: Path) -> bool:
        """Prints the content of the splits, broken images, and images that have two numbers or lie in two splits."""
        root = Path(self.root or self.table.parent).expanduser()
        splits = {split: self.images(root, files, split) for split, files in self.split_files(root).items()}
        return check_files(splits, None)

    def metadata(self) -> dict[str, Any]:
        """Number of channels, image size in pixels, and the scale of the target."""
        self.setup()
        return {
            "in_channels": self.preprocessing.channels,
            "image_size": self.preprocessing.size,
            "target_center": self.target_column.center,
            "target_scale": self.target_column.scale,
        }

    def card(self) -> dict[str, Any]:
        """The name of the target, and the preprocessing."""
        self.setup()
        return {"target": self.target_column.name, "preprocessing": self.preprocessing.to_dict()}

    def _read(self) -> tuple[RawTable, str, str]:
        """The columns that are used, and the names of the images' and of the target's."""
        frame = read_source(self.table, header=self.header, categories=[]).rename(columns=str)
        where, names = str(self.table), [*frame.columns]
        if len(names) < 2:
            raise ZooError(f"{where} has the column `{names[0]}` alone: paths of images and their numbers are needed")
        image = names[0] if self.image is None else str(self.image)
        target = names[-1] if self.target is None else str(self.target)
        for option, name in (("image", image), ("target", target), ("split_by", self.split_by)):
            if name is not None and name not in names:
                raise ZooError(f"{where}, `data.{option}`: {unknown('column', name, names)}")
        if image == target:
            raise ZooError(f"{where}: the column `{image}` cannot be both paths and target: give data.target=COLUMN")
        used = [name for name in names if name in (image, target, self.split_by)]
        table = table_of(frame[used], where, categories=[image], advice="")
        if table.kinds[target] == "category":
            raise ZooError(
                f"{where}: the target `{target}` holds text, and data=image_table predicts numbers: for classes, "
                "data=image_folder reads a folder of images for each class"
            )
        return table, image, target

    def _with_images(
        self, table: RawTable, image: str, numbers: Float[np.ndarray, " n"]
    ) -> tuple[RawTable, Float[np.ndarray, " m"]]:
        """The rows that name an image.

        Raises:
            ZooError: a row without one, unless `on_error` skips it.
        """
        lost = missing(table.columns[image])
        if lost.any() and self.on_error == "raise":
            row = table.rows[np.flatnonzero(lost)[0]]
            raise ZooError(f"{table.where}, row {row}, column `{image}`: the path is missing")
        kept = np.flatnonzero(~lost)
        return table.part(kept), numbers[kept]

    def _files(self, root: Path, table: RawTable, image: str, numbers: Float[np.ndarray, " n"]) -> Files:
        """The file of each row.

        Raises:
            ZooError: one does not exist, unless `on_error` skips it.
        """
        names: Sequence[str] = table.columns[image].tolist()
        exact, elsewhere = find_images(root, names)
        absent = [place for place, name in enumerate(names) if name not in exact and name not in elsewhere]
        if absent and self.on_error == "raise":
            more = f" ({len(absent)} of {len(names)} do not)" if len(absent) > 1 else ""
            row = table.rows[absent[0]]
            raise ZooError(
                f"{table.where}, row {row}: the image `{root / names[absent[0]]}` does not exist{more}: "
                "data.root=FOLDER holds the images; data.on_error=skip leaves such rows out"
            )
        found = [exact.get(name) or elsewhere.get(name) or root / name for name in names]
        return Files(np.array([os.fsencode(path.absolute()) for path in found], dtype=bytes), numbers)

    def _warn_of_repeats(self, files: Files, rows: Indices, image: str) -> None:
        places: dict[bytes, set[str]] = defaultdict(set)
        for name, indices in rows.items():
            for path in files.paths[indices].tolist():
                places[path].add(name)
        if shared := sum(len(splits) > 1 for splits in places.values()):
            print(
                f"{self.table}: {shared} images stand in rows of several splits, so that the test is too easy: "
                f"data.split=group data.split_by={image} keeps them together",
                file=sys.stderr,
            )
