"""Points of your own: CSV, COCO keypoints JSON, or `.pts` files."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from zoo.data.base import Split
from zoo.data.landmarks.base import LARGEST_MARGIN, NO_EMPTY_IMAGE, PointData, PointLayout
from zoo.data.landmarks.check import check_points
from zoo.data.landmarks.coco_points import PERSON, PERSON_SIGMAS
from zoo.data.landmarks.crops import PointCrops, distance_between, object_size
from zoo.data.landmarks.pairs import Pairs, given_pairs, pairs_by_name
from zoo.data.landmarks.problems import (
    check_images,
    check_shapes,
    copied_images,
    shared_images,
    to_pixels,
    unused_classes,
)
from zoo.data.landmarks.samples import PointSet, Policy, Problem, require_usable
from zoo.data.landmarks.sources import find_sources, read_points
from zoo.data.landmarks.splits import split_up
from zoo.data.options import require_fractions
from zoo.data.sampling import IndexBatches, LongEpochs
from zoo.errors import ZooError

Name = str | int | None


@dataclass(kw_only=True, eq=False)
class Points(PointData):
    """Images with points in files below `root`, of three formats (docs/LANDMARKS.md).

    `train`, `val` and `test` name CSV or JSON files, or folders with `.pts` files, below `root`; `auto` finds them.
    Splits that are not given are cut out of the training file: by its column `split`, or at random, in which samples of
    one `group` or one image stay together. An object with a box is cropped to a square around it, `margin` of its
    longer side wider on each side; without boxes an image shows one object.

    `normalize_by` is `box` or two names of points whose distance divides errors. `flip_pairs` are the points that a
    mirrored image swaps: `auto` finds left and right in their names, null switches mirroring off.

    Raises:
        ZooError: a missing folder or file, or an option that does not fit the points.
    """

    root: str
    images: str
    train: Name
    val: Name
    test: Name
    coordinates: Literal["pixels", "fractions"]
    box_margin: float
    normalize_by: str | Sequence[str]
    flip_pairs: Any
    sigmas: Any
    on_bad_annotation: Policy
    min_epoch_size: int
    val_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        self.folder = Path(self.root).expanduser()
        if not self.folder.exists():
            raise ZooError(f"data.root={self.root} does not exist: give the folder of your images and points")
        if self.coordinates not in ("pixels", "fractions"):
            raise ZooError(f"`data.coordinates` (={self.coordinates}) must be pixels or fractions")
        if not 0 <= self.box_margin <= LARGEST_MARGIN:
            raise ZooError(f"`data.box_margin` (={self.box_margin}) must be from 0 to {LARGEST_MARGIN}")
        require_fractions(self.val_fraction, self.test_fraction)

    @property
    def margin(self) -> float:
        """`box_margin`."""
        return self.box_margin

    @property
    def around_boxes(self) -> bool:
        """Whether the training objects have boxes."""
        return any(sample.box is not None for sample in self.dataset("train").samples)

    @property
    def size_meaning(self) -> str:
        """What `size` is, for reports."""
        if self.normalize_by == "box":
            return "the square root of the area of its box, or of the box around its points"
        return f"the distance between {' and '.join(self.normalize_by)}"

    def check(self, folder: Path) -> bool:
        """Prints the content and the problems of all splits and draws samples; True without problems."""
        splits, layout = self.read(decode=True)
        return check_points(splits, layout, folder, margin=self.box_margin)

    def read(self, *, decode: bool) -> tuple[dict[str, PointSet], PointLayout]:
        """All splits with their problems, without refusing any; `decode` decodes every image."""
        names: dict[Split, Name] = {"train": self.train, "val": self.val, "test": self.test}
        sources = find_sources(self.folder, names)
        splits: dict[str, PointSet] = {}
        for split, source in sources.items():
            points = read_points(source, self._image_folder(source, split), splits.get("train"))
            if self.coordinates == "fractions":
                to_pixels(points)
            check_images(points, decode=decode)
            splits[split] = points
        split_up(splits, val=self.val_fraction, test=self.test_fraction, seed=self.seed)
        train = splits["train"]
        layout = self._layout(train)
        self._normalizer(train.names)
        train.problems += [*shared_images(splits), *unused_classes(train)]
        for name, points in splits.items():
            points.problems += check_shapes(points, layout.pairs, train)
            if decode:  # reads files
                points.problems += copied_images(points)
            if not any(sample.present for sample in points.samples):
                points.problems.append(Problem(str(self.folder), "no objects", f"the {name} split has none"))
        return splits, layout

    def load(self) -> dict[str, Any]:
        """The splits; images are decoded on first use."""
        splits, self.layout = self.read(decode=False)
        for line in require_usable(splits, self.on_bad_annotation):
            print(line)
        if self.layout.pairs is None and self.augmentation is not None and self.augmentation.flip:
            given = "no names of left and right points, and no data.flip_pairs, are given"
            print(f"images are not mirrored: {'data.flip_pairs is null' if self.flip_pairs is None else given}")
        if all(sample.present for sample in splits["train"].samples):
            print(NO_EMPTY_IMAGE)
        normalizer = self._normalizer(splits["train"].names)
        measure = partial(object_size, normalizer=normalizer)
        if normalizer is not None:
            self._report_fallback(splits, normalizer)
        return {
            split: PointCrops(points.samples, self.image_size, margin=self.box_margin, measure=measure)
            for split, points in splits.items()
        }

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Repeats the images up to `min_epoch_size`."""
        return LongEpochs.like(usual, self.min_epoch_size)

    def _image_folder(self, source: Path, split: str) -> Path:
        base = self.folder if self.folder.is_dir() else self.folder.parent
        folder = base / self.images.replace("{split}", split)
        if not folder.is_dir():
            raise ZooError(f"the folder {folder} of data.images={self.images} does not exist")
        return source if source.is_dir() else folder

    def _layout(self, points: PointSet) -> PointLayout:
        return PointLayout(
            names=points.names,
            class_names=points.class_names,
            pairs=self._pairs(points.names),
            skeleton=points.skeleton,
            sigmas=self._sigmas(points.names),
        )

    def _pairs(self, names: Sequence[str]) -> Pairs | None:
        if self.flip_pairs is None:
            return None
        return pairs_by_name(names) if self.flip_pairs == "auto" else given_pairs(self.flip_pairs, names)

    def _sigmas(self, names: tuple[str, ...]) -> tuple[float, ...]:
        if self.sigmas == "auto":
            return PERSON_SIGMAS if names == PERSON else ()
        values = self.sigmas if isinstance(self.sigmas, Sequence) and not isinstance(self.sigmas, str) else []
        if len(values) != len(names) or not all(isinstance(v, int | float) and 0 < v < 10 for v in values):
            raise ZooError(
                f"`data.sigmas` (={self.sigmas}) must be auto, or a positive number for each of {len(names)} points"
            )
        return tuple(float(value) for value in values)

    def _normalizer(self, names: Sequence[str]) -> tuple[int, int] | None:
        given = self.normalize_by
        if given == "box":
            return None
        if isinstance(given, str) or len(given) != 2 or given[0] == given[1] or not {*map(str, given)} <= {*names}:
            shown = given if isinstance(given, str) else list(given)
            raise ZooError(f"`data.normalize_by` (={shown}) must be box, or two names of: {', '.join(names)}")
        return names.index(str(given[0])), names.index(str(given[1]))

    def _report_fallback(self, splits: dict[str, PointSet], normalizer: tuple[int, int]) -> None:
        for split, points in splits.items():
            objects = [sample for sample in points.samples if sample.present]
            if lacking := sum(distance_between(sample, normalizer) is None for sample in objects):
                print(
                    f"{split}: {lacking} of {len(objects)} objects lack a point of data.normalize_by, or have both at "
                    "one place: their box counts"
                )
