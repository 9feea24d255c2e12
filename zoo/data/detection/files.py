"""Detection sets in files: COCO JSON, Pascal VOC XML, YOLO text."""

from abc import abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import Split
from zoo.data.detection.annotations import Annotations, Policy, Problem, Record, require_usable
from zoo.data.detection.augmentation import BoxAugmentation
from zoo.data.detection.base import Anchors, Batch, DetectionData
from zoo.data.detection.box_formats import suspect_format
from zoo.data.detection.coco import read_coco
from zoo.data.detection.split_checks import check_pictures, missing_classes, shared_pictures, untrainable
from zoo.data.detection.transforms import Letterbox, Target
from zoo.data.detection.voc import read_voc, voc_classes
from zoo.data.detection.yolo_txt import read_yolo_txt, yolo_classes
from zoo.data.images.files import read_image
from zoo.data.sampling import IndexBatches
from zoo.errors import ZooError
from zoo.ops.boxes import clip

Name = str | int | None  # what a configuration may hold: a folder called 2012 is a number there
_MEMORY = 2 * 1024**3  # bytes; larger splits are decoded anew in every epoch


class PictureScenes:
    """Pictures of files, letterboxed; decoded once where they fit into memory."""

    def __init__(self, records: list[Record], size: int) -> None:
        self.records = records
        self.size = size
        self.targets = [boxed(record, size) for record in records]
        self.in_memory = len(records) * 3 * size * size <= _MEMORY
        self._pictures: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, indices: Tensor) -> Batch:
        chosen = indices.tolist()
        return torch.stack([self._picture(i) for i in chosen]), [self.targets[i] for i in chosen]

    def _picture(self, i: int) -> Tensor:
        if i in self._pictures:
            return self._pictures[i]
        image = read_image(self.records[i].path, channels=3)
        picture = Letterbox(width=image.shape[2], height=image.shape[1], size=self.size).image(image)
        if self.in_memory:
            self._pictures[i] = picture
        return picture


def boxed(record: Record, size: int) -> Target:
    """The boxes of a record in its letterboxed picture, clipped to the picture."""
    letterbox = Letterbox(width=record.width, height=record.height, size=size)
    return {
        "boxes": letterbox.boxes(clip(record.boxes, record.height, record.width)),
        "labels": record.labels,
        "ignore": letterbox.boxes(clip(record.ignore, record.height, record.width)),
        "ignore_labels": record.ignore_labels,
        "picture": letterbox.picture,
    }


class RepeatedBatches(IndexBatches):
    """Batches of an epoch that shows every picture several times."""

    def __init__(
        self, count: int, batch_size: int, *, shuffle: bool, seed: int, rank: int, world_size: int, pictures: int
    ) -> None:
        super().__init__(count, batch_size, shuffle=shuffle, seed=seed, rank=rank, world_size=world_size)
        self.pictures = pictures

    def __iter__(self) -> Iterator[Tensor]:
        for batch in super().__iter__():
            yield batch % self.pictures


class DetectionFiles(DetectionData):
    """Pictures and boxes below `root`, in splits by name.

    An epoch repeats the training pictures until it has `least_epoch` of them, since few pictures need as many steps
    as many do. With `problems` as `skip`, what is wrong is left out and told; with `refuse` nothing is trained. A
    `val` or `test` of null shares the pictures of the other one; without both a tenth of the training pictures is
    kept for each.

    Raises:
        ZooError: no such folder, no name for `train`, or one name for two splits.
    """

    def __init__(
        self,
        *,
        root: str,
        train: Name,
        val: Name,
        test: Name,
        problems: Policy,
        least_epoch: int,
        image_size: int,
        anchors: Anchors,
        num_anchors: int,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: BoxAugmentation | None,
    ) -> None:
        super().__init__(
            image_size=image_size,
            anchors=anchors,
            num_anchors=num_anchors,
            batch_size=batch_size,
            num_workers=num_workers,
            seed=seed,
            augmentation=augmentation,
        )
        self.root = Path(root).expanduser()
        if not self.root.is_dir():
            raise ZooError(f"the folder data.root={root} does not exist")
        names: dict[Split, Name] = {"train": train, "val": val, "test": test}
        self.names = {split: None if name is None else str(name) for split, name in names.items()}
        if train is None:
            raise ZooError("`data.train` (=null) must name the training split; only val and test may be null")
        given = [name for name in self.names.values() if name is not None]
        for split, name in self.names.items():
            if name is not None and given.count(name) > 1:
                raise ZooError(f"`data.{split}` (={name}) is named twice; a val or test of null shares the other one's")
        self.problems: Policy = problems
        self.least_epoch = least_epoch

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """Every picture as often as an epoch wants it."""
        if name != "train":
            return super().sampler(name)
        count = len(self.dataset(name))
        return RepeatedBatches(
            count * max(1, -(-self.least_epoch // count)),
            self.batch_size,
            shuffle=True,
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
            pictures=count,
        )

    @abstractmethod
    def read(self, name: str) -> Annotations:
        """The annotations of the split called `name`; the first one read sets the classes."""

    def annotations(self, *, decode: bool) -> dict[str, Annotations]:
        """All given splits with all their problems, and nothing refused; `decode` reads every picture whole."""
        splits = {str(split): self.read(name) for split, name in self.names.items() if name is not None}
        for split, annotations in splits.items():
            annotations.problems += suspect_format(annotations, split)
            check_pictures(annotations, decode=decode)
        splits["train"].problems += [*shared_pictures(splits), *missing_classes(splits)]
        splits["train"].problems += untrainable(splits["train"])
        for split, annotations in splits.items():  # last, since what is shared is taken out of the earlier split
            if not annotations.records:
                annotations.problems.append(Problem(str(self.root), "no images", f"the {split} split has none"))
        return splits

    def load(self) -> dict[str, Any]:
        """The splits, decoded as they are asked for."""
        splits = self.annotations(decode=False)
        for line in require_usable(splits, self.problems):
            print(line)
        self.class_names = splits["train"].class_names
        records = {name: annotations.records for name, annotations in splits.items()}
        if "val" not in records and "test" not in records:
            order = torch.randperm(len(records["train"]), generator=torch.Generator().manual_seed(self.seed)).tolist()
            tenth = max(len(order) // 10, 1)
            if len(order) < 3:
                raise ZooError(f"{self.root}: {len(order)} pictures are too few to keep some for validation and test")
            parts = {"val": order[:tenth], "test": order[tenth : 2 * tenth], "train": order[2 * tenth :]}
            together = records["train"]
            records = {name: [together[i] for i in sorted(part)] for name, part in parts.items()}
            print(f"no validation and no test split is given: {tenth} training pictures are kept for each")
        for missing, other in (("val", "test"), ("test", "val")):
            if missing not in records:
                records[missing] = records[other]
                print(f"no {missing} split is given: the {other} pictures serve as both, so test figures flatter")
        return {name: PictureScenes(part, self.image_size) for name, part in records.items()}


class Coco(DetectionFiles):
    """Any set with COCO JSON files: `train`, `val` and `test` name the files below `root`.

    The pictures of `train.json` are looked for in `images`, where `{split}` stands for train, val or test.

    Raises:
        ZooError: no such folder.
    """

    def __init__(
        self,
        *,
        root: str,
        images: str,
        train: Name,
        val: Name,
        test: Name,
        problems: Policy,
        least_epoch: int,
        image_size: int,
        anchors: Anchors,
        num_anchors: int,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: BoxAugmentation | None,
    ) -> None:
        super().__init__(
            root=root,
            train=train,
            val=val,
            test=test,
            problems=problems,
            least_epoch=least_epoch,
            image_size=image_size,
            anchors=anchors,
            num_anchors=num_anchors,
            batch_size=batch_size,
            num_workers=num_workers,
            seed=seed,
            augmentation=augmentation,
        )
        self.images = images
        self._classes: list[str] | None = None

    def read(self, name: str) -> Annotations:
        """One JSON file."""
        split = next(str(key) for key, value in self.names.items() if value == name)
        images = self.root / self.images.replace("{split}", split)
        if not images.is_dir():
            raise ZooError(f"the folder {images} of data.images={self.images} does not exist")
        annotations = read_coco(self.root / name, images, self._classes)
        self._classes = annotations.class_names
        return annotations


class Voc(DetectionFiles):
    """Any Pascal VOC folder: `train`, `val` and `test` name lists in `ImageSets/Main`."""

    def read(self, name: str) -> Annotations:
        """One list."""
        return read_voc(self.root, name, voc_classes(self.root) if (self.root / "Annotations").is_dir() else None)


class YoloTxt(DetectionFiles):
    """Any YOLO set: `train`, `val` and `test` name folders below `images` and `labels`."""

    def read(self, name: str) -> Annotations:
        """One pair of folders."""
        return read_yolo_txt(self.root, name, yolo_classes(self.root))
