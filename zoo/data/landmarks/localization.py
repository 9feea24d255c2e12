"""One object in each image: its class and its box, from any detection set."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zlib import crc32

import torch
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import BatchDataset, Split
from zoo.data.detection.annotations import Record
from zoo.data.detection.base import DetectionData
from zoo.data.detection.files import LetterboxedImages
from zoo.data.detection.transforms import Target as Boxes
from zoo.data.landmarks.base import LARGEST_MARGIN, NO_EMPTY_IMAGE, Batch, PointData, PointLayout, Target, take
from zoo.data.landmarks.crops import PointCrops, extent
from zoo.data.landmarks.samples import Sample
from zoo.data.landmarks.squares import Box
from zoo.errors import ZooError

_NAMES = ("top left", "bottom right")
_SHIFT = 0.15  # of the side of a crop: how far its center lies from that of its object at most


class SingleObjects:
    """The images of a detection set with at most one object; `indices` are their places in the set."""

    def __init__(self, source: BatchDataset, indices: Tensor | None, size: int) -> None:
        self.source = source
        self.indices = indices
        self.size = size
        self.in_memory = source.in_memory
        targets: list[Boxes] | None = getattr(source, "targets", None)
        if targets is not None and indices is not None:
            self.target = box_target([targets[i] for i in indices.tolist()], torch.arange(len(indices)), size)

    def __len__(self) -> int:
        return len(self.source) if self.indices is None else len(self.indices)

    def __getitem__(self, indices: Tensor) -> Batch:
        if self.indices is not None:
            images, _ = self.source[self.indices[indices]]
            return images, take(self.target, indices)
        images, targets = self.source[indices]  # drawn on demand
        return images, box_target(targets, indices, self.size)


def box_target(targets: list[Boxes], indices: Tensor, size: int) -> Target:
    """The target of images with at most one box in pixels each: its top left and its bottom right corner.

    Raises:
        ZooError: an image with two boxes.
    """
    counts = torch.tensor([len(target["boxes"]) for target in targets])
    if (counts > 1).any():
        raise ZooError(
            "localization is of one object in an image, and this data draws several: data.source.max_objects=1"
        )
    present = counts == 1
    corners = torch.zeros(len(targets), 4)
    labels = torch.zeros(len(targets), dtype=torch.long)
    for number in torch.nonzero(present)[:, 0].tolist():
        corners[number], labels[number] = targets[number]["boxes"][0] / size, targets[number]["labels"][0]
    sides = (corners[:, 2:] - corners[:, :2]).clamp(min=1e-3)
    area = sides.prod(1)
    return {
        "present": present,
        "points": corners.view(-1, 2, 2),
        "visible": present[:, None].expand(-1, 2).clone(),
        "size": area.sqrt(),
        "labels": labels,
        "image": indices,
        "origin": torch.zeros(len(targets), 2),
        "side": torch.full((len(targets),), float(size)),
        "area": area * size**2,
    }


@dataclass(kw_only=True, eq=False)
class Localization(PointData):
    """Class and box of one object in each image, the box as two points, from the detection data `source`.

    `objects`: `single` takes the images with at most one object and leaves out the others; `crops` takes a square
    around each object of the images, `context` times as wide as its longer side and a little off its center, so that
    the object in the middle is meant.

    Raises:
        ZooError: crops of data that is not read from files, or a `context` below 1.
    """

    source: Any
    objects: Literal["single", "crops"]
    context: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if not isinstance(self.source, DetectionData):
            raise ZooError("`data.source` must be detection data: data@data.source=voc, coco, yolo_txt or digit_scenes")
        if self.objects not in ("single", "crops"):
            raise ZooError(f"`data.objects` (={self.objects}) must be single or crops")
        if not 1 <= self.context <= 1 + 2 * LARGEST_MARGIN:
            raise ZooError(f"`data.context` (={self.context}) must be from 1 to {1 + 2 * LARGEST_MARGIN:g}")
        if self.source.image_size != self.image_size:
            raise ZooError("`data.source.image_size` follows data.image_size: give the latter alone")

    @property
    def margin(self) -> float:
        """That of `crops` around their objects."""
        return (self.context - 1) / 2 if self.objects == "crops" else 0.0

    @property
    def around_boxes(self) -> bool:
        """Whether the images are `crops`."""
        return self.objects == "crops"

    @property
    def size_meaning(self) -> str:
        """What `size` is, for reports."""
        return "the square root of the area of its box"

    def load(self) -> dict[str, Any]:
        """The splits of the source, with one object in each image."""
        splits = self.source.load()
        names = tuple(map(str, self.source.class_names))
        self.layout = PointLayout(names=_NAMES, class_names=names, pairs=(), box=True)
        make: Callable[[str, Any], Any] = self._single if self.objects == "single" else self._crops
        made = {split: make(split, dataset) for split, dataset in splits.items()}
        if self.objects == "crops":
            print(NO_EMPTY_IMAGE)
        return made

    def check(self, folder: Path) -> bool:
        """The check of the source."""
        return self.source.check(folder)

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """That of the source for scenes drawn on demand, which are new in every epoch."""
        dataset = self.dataset(name)
        if isinstance(dataset, SingleObjects) and dataset.indices is None:
            self.source.trainer = self.trainer
            return self.source.sampler(name)
        return super().sampler(name)

    def _single(self, split: str, dataset: Any) -> SingleObjects:
        targets = getattr(dataset, "targets", None)
        if targets is None:
            return SingleObjects(dataset, None, self.image_size)
        chosen = [number for number, target in enumerate(targets) if len(target["boxes"]) <= 1]
        if not any(len(targets[number]["boxes"]) for number in chosen):
            raise ZooError(f"no image of the {split} split has one object alone: data.objects=crops cuts them apart")
        if len(chosen) < len(targets):
            print(f"{split}: {len(targets) - len(chosen)} of {len(targets)} images have several objects: left out")
        return SingleObjects(dataset, torch.tensor(chosen), self.image_size)

    def _crops(self, split: str, dataset: Any) -> PointCrops:
        if not isinstance(dataset, LetterboxedImages):
            raise ZooError("`data.objects` (=crops) needs images in files: data@data.source=voc, coco or yolo_txt")
        samples = [sample for record in dataset.records for sample in self._samples(record)]
        if not samples:
            raise ZooError(f"the {split} split has no object")
        return PointCrops(samples, self.image_size, margin=0.0, measure=_box_size)

    def _samples(self, record: Record) -> list[Sample]:
        generator = torch.Generator().manual_seed(crc32(os.fsencode(record.path.name)))
        samples = []
        for corners, label in zip(record.boxes.tolist(), record.labels.tolist(), strict=True):
            x1, y1, x2, y2 = corners
            side = self.context * max(x2 - x1, y2 - y1)
            shift = min(_SHIFT * side, (side - max(x2 - x1, y2 - y1)) / 2)  # the object stays inside
            dx, dy = ((2 * torch.rand(2, generator=generator) - 1) * shift).tolist()
            x, y = (x1 + x2) / 2 + dx, (y1 + y2) / 2 + dy
            window: Box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
            points = torch.tensor([[x1, y1], [x2, y2]])
            area = (x2 - x1) * (y2 - y1)
            visible = torch.ones(2, dtype=torch.bool)
            known = {"points": points, "visible": visible, "label": label, "area": area}
            samples.append(Sample(path=record.path, box=window, **known))
        return samples


def _box_size(sample: Sample) -> float:
    return extent(sample.points)
