"""Detection sets in files: COCO JSON, Pascal VOC XML, YOLO text."""

from abc import abstractmethod
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.detection.annotations import Annotations, Policy, Problem, Record, require_usable
from zoo.data.detection.base import Batch, DetectionData
from zoo.data.detection.box_formats import suspect_format
from zoo.data.detection.check import check_annotations
from zoo.data.detection.coco import read_coco
from zoo.data.detection.split_checks import check_images, missing_classes, shared_images, untrainable
from zoo.data.detection.transforms import Letterbox, Target
from zoo.data.detection.voc import read_voc
from zoo.data.detection.yolo_names import yolo_classes, yolo_keypoints
from zoo.data.detection.yolo_txt import has_split, read_yolo_txt
from zoo.data.images.files import list_images, read_image
from zoo.data.images.kept_images import KeptImages
from zoo.data.sampling import IndexBatches, LongEpochs
from zoo.data.split_names import loose_split_of, spelled
from zoo.errors import ZooError
from zoo.ops.boxes import clip

Name = str | int | None
"""The name of a split in YAML, where a folder called 2012 is a number."""


class LetterboxedImages(KeptImages):
    """Letterboxed images and their boxes; decoded once if they fit into memory."""

    def __init__(self, records: list[Record], size: int) -> None:
        super().__init__(len(records), size)
        self.records = records
        self.targets = [record_to_target(record, size) for record in records]

    def __getitem__(self, indices: Tensor) -> Batch:
        chosen = indices.tolist()
        return torch.stack([self.image(i) for i in chosen]), [self.targets[i] for i in chosen]

    def decode(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """Reads and letterboxes an image."""
        image = read_image(self.records[index].path, channels=3)
        return Letterbox(width=image.shape[2], height=image.shape[1], size=self.size).image(image)


def record_to_target(record: Record, size: int) -> Target:
    """The boxes of a record in its letterboxed image, clipped to the image."""
    letterbox = Letterbox(width=record.width, height=record.height, size=size)
    return {
        "boxes": letterbox.boxes(clip(record.boxes, record.height, record.width)),
        "labels": record.labels,
        "ignore": letterbox.boxes(clip(record.ignore, record.height, record.width)),
        "ignore_labels": record.ignore_labels,
        "area": letterbox.area,
    }


@dataclass(kw_only=True, eq=False)
class DetectionFiles(DetectionData):
    """Images and boxes in files below `root`; `train`, `val` and `test` name the splits.

    A training set smaller than `min_epoch_size` is repeated within an epoch: few images need as many steps as many.
    `on_bad_annotation`: `skip` leaves out bad annotations and images and reports them, `refuse` stops with an error.
    If `val` or `test` is null, the other one serves as both; if both are null, each gets a tenth of the training
    images.

    Raises:
        ZooError: a missing folder, no name for `train`, or one name for two splits.
    """

    root: str
    train: Name
    val: Name
    test: Name
    on_bad_annotation: Policy
    min_epoch_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.folder = Path(self.root).expanduser()
        if not self.folder.is_dir():
            raise ZooError(f"the folder data.root={self.root} does not exist")
        names: dict[Split, Name] = {"train": self.train, "val": self.val, "test": self.test}
        self.names = {split: None if name is None else str(name) for split, name in names.items()}
        if self.train is None:
            raise ZooError("`data.train` (=null) must name the training split; only val and test may be null")
        given = [name for name in self.names.values() if name is not None]
        for split, name in self.names.items():
            if name is not None and given.count(name) > 1:
                again = next(other for other in self.names if other != split and self.names[other] == name)
                remedy = "cuts it out of train" if "train" in (split, again) else "shares the other one's"
                raise ZooError(f"`data.{split}` (={name}) is that of data.{again}, too: data.{again}=null {remedy}")

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Repeats the images up to `min_epoch_size`."""
        return LongEpochs.like(usual, self.min_epoch_size)

    @abstractmethod
    def read(self, name: str) -> Annotations:
        """Reads the annotations of the split called `name`; the first split defines the classes."""

    def check(self, folder: Path) -> bool:
        """Prints the content and the problems of the annotations and draws them; True without problems."""
        return check_annotations(self.annotations(decode=True), folder)

    def annotations(self, *, decode: bool) -> dict[str, Annotations]:
        """All splits with their problems, without refusing any; `decode` decodes every image."""
        splits = {str(split): self.read(name) for split, name in self.names.items() if name is not None}
        for split, annotations in splits.items():
            annotations.problems += suspect_format(annotations, split)
            check_images(annotations, decode=decode)
        splits["train"].problems += [*shared_images(splits), *missing_classes(splits)]
        splits["train"].problems += untrainable(splits["train"])
        for split, annotations in splits.items():  # last: shared images have been removed from the earlier split
            if not annotations.records:
                annotations.problems.append(Problem(str(self.folder), "no images", f"the {split} split has none"))
        return splits

    def load(self) -> dict[str, Any]:
        """The splits; images are decoded on first use."""
        splits = self.annotations(decode=False)
        for line in require_usable(splits, self.on_bad_annotation):
            print(line)
        self.class_names = splits["train"].class_names
        records = {name: annotations.records for name, annotations in splits.items()}
        if "val" not in records and "test" not in records:
            order = torch.randperm(len(records["train"]), generator=torch.Generator().manual_seed(self.seed)).tolist()
            tenth = max(len(order) // 10, 1)
            if len(order) < 3:
                raise ZooError(f"{self.folder}: {len(order)} images are too few to keep some for validation and test")
            parts = {"val": order[:tenth], "test": order[tenth : 2 * tenth], "train": order[2 * tenth :]}
            together = records["train"]
            records = {name: [together[i] for i in sorted(part)] for name, part in parts.items()}
            print(f"no validation and no test split is given: {tenth} training images are kept for each")
        for missing, other in (("val", "test"), ("test", "val")):
            if missing not in records:
                records[missing] = records[other]
                print(f"no {missing} split is given: the {other} images serve as both, so test figures flatter")
        return {name: LetterboxedImages(part, self.image_size) for name, part in records.items()}


@dataclass(kw_only=True, eq=False)
class Coco(DetectionFiles):
    """Any set in COCO JSON: `train`, `val` and `test` name files below `root`.

    Images lie in the folder `images` below `root`, where `{split}` stands for train, val or test.

    Raises:
        ZooError: a missing folder.
    """

    images: str

    def __post_init__(self) -> None:
        super().__post_init__()
        self._classes: list[str] | None = None

    def read(self, name: str) -> Annotations:
        """Reads one JSON file."""
        split = next(str(key) for key, value in self.names.items() if value == name)
        file = self.folder / name
        if not file.is_file():
            there = [path.relative_to(self.folder).as_posix() for path in sorted(self.folder.glob("**/*.json"))[:6]]
            hint = f"; there are {', '.join(there)}: give data.train=FILE data.val=FILE data.test=FILE" if there else ""
            raise ZooError(f"the annotation file {file} does not exist{hint}")
        annotations = read_coco(file, self._images(file, split), self._classes)
        self._classes = annotations.class_names
        if split == "train":
            annotations.notes += [f"not read: {name}; data.test={name} takes it" for name in self._unread_tests()]
        return annotations

    def _unread_tests(self) -> list[str]:
        """JSON files in folders or of names of the test split, where no file is given for it."""
        if self.test is not None:
            return []
        below = (path.relative_to(self.folder) for path in sorted(self.folder.glob("**/*.json")))
        return [path.as_posix() for path in below if "test" in map(loose_split_of, (path.stem, path.parent.name))]

    def _images(self, file: Path, split: str) -> Path:
        """The folder of the images of a split: the configured one, one of another spelling, or that of the JSON."""
        images = self.folder / self.images.replace("{split}", split)
        if images.is_dir():
            return images
        if "{split}" in self.images:
            respelled = spelled(images.parent, images.name)
            for folder in (respelled, file.parent):
                if folder is not None and folder.is_dir() and list_images(folder):
                    return folder
        raise ZooError(f"the folder {images} of data.images={self.images} does not exist")


class Voc(DetectionFiles):
    """Any Pascal VOC folder: `train`, `val` and `test` name lists in `ImageSets/Main`."""

    def read(self, name: str) -> Annotations:
        """Reads one list."""
        return read_voc(self.folder, name)


class YoloTxt(DetectionFiles):
    """Any YOLO set: `train`, `val` and `test` name folders below `images` and `labels`.

    A `test` of auto is the folder `test` where there is one: many sets have none.
    """

    def __post_init__(self) -> None:
        if self.test == "auto":
            self.test = "test" if has_split(Path(self.root).expanduser(), "test") else None
        super().__post_init__()

    def read(self, name: str) -> Annotations:
        """Reads one pair of folders."""
        folder = self.folder
        return read_yolo_txt(folder, name, yolo_classes(folder), keypoints=yolo_keypoints(folder))
