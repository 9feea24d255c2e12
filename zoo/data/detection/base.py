"""The interface of every detection set: square images, boxes and anchors."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.detection.augmentation import BoxAugmentation
from zoo.data.detection.check import check_images
from zoo.data.detection.transforms import Target
from zoo.data.gather import gather_rows
from zoo.data.images.base import to_unit
from zoo.errors import ZooError
from zoo.ops.anchors import YOLOV3, YOLOV3_TINY, AnchorChoice, anchor_fit, scale_anchors, select_anchors

Batch = tuple[Tensor, list[Target]]
Anchors = str | float | Sequence[Any] | None
"""Anchors as YAML may hold them; `DetectionData` checks them."""
PUBLISHED = {len(shapes): shapes for shapes in (YOLOV3_TINY, YOLOV3)}
"""Published anchors by their number."""


class TensorScenes:
    """Images and boxes held in memory."""

    in_memory = True

    def __init__(self, images: UInt8[Tensor, "n c h w"], targets: list[Target]) -> None:
        self.images = images
        self.targets = targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, indices: Tensor) -> Batch:
        return gather_rows(self.images, indices), [self.targets[i] for i in indices.tolist()]


@dataclass(kw_only=True, eq=False)
class DetectionData(DataModule):
    """Square RGB images of `image_size` pixels in uint8, with `boxes` and `labels`.

    `anchors`: `auto` fits them to the training boxes by k-means if that improves on the published ones; `default`
    takes the published ones, scaled to `image_size`; or a list of [width, height] in pixels of the square image.

    Raises:
        ZooError: other anchors, a number of anchors without published ones, or an `image_size` below 32.
    """

    feeds = frozenset({"detection"})

    image_size: int
    anchors: Anchors
    num_anchors: int
    augmentation: BoxAugmentation | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.image_size < 32:
            raise ZooError(f"`data.image_size` (={self.image_size}) must be at least 32")
        if self.num_anchors not in PUBLISHED:
            raise ZooError(f"`data.num_anchors` (={self.num_anchors}) must be one of: {', '.join(map(str, PUBLISHED))}")
        if isinstance(self.anchors, str) and self.anchors not in ("auto", "default"):
            allowed = "auto, default, or a list of [width, height] in pixels"
            raise ZooError(f"`data.anchors` (={self.anchors}) must be {allowed}")
        if not isinstance(self.anchors, str) and not _are_shapes(self.anchors):
            raise ZooError(f"`data.anchors` (={self.anchors}) must hold positive [width, height] pairs in pixels")
        self.class_names: Sequence[str] = ()
        """Set by `load`."""
        self._anchor_choice: AnchorChoice | None = None

    def box_sizes(self) -> Tensor:
        """Width and height [N 2] in pixels of all training boxes."""
        boxes = torch.cat([target["boxes"] for target in self.dataset("train").targets])
        return boxes[:, 2:] - boxes[:, :2]

    def anchor_choice(self) -> AnchorChoice:
        """The anchors, and how well they and the published ones match the training boxes."""
        if self._anchor_choice is None:
            sizes, default = self.box_sizes(), scale_anchors(PUBLISHED[self.num_anchors], self.image_size)
            before = anchor_fit(sizes, torch.tensor(default))
            if self.anchors == "auto":
                self._anchor_choice = select_anchors(sizes, default, seed=self.seed)
            elif self.anchors == "default":
                self._anchor_choice = AnchorChoice(default, before, before, "default")
            else:
                assert _are_shapes(self.anchors)
                given = [[float(side) for side in shape] for shape in self.anchors]
                self._anchor_choice = AnchorChoice(given, before, anchor_fit(sizes, torch.tensor(given)), "given")
        return self._anchor_choice

    def metadata(self) -> dict[str, Any]:
        """Number of classes and channels, the image size in pixels, and the anchors."""
        self.setup()
        anchors = [[float(side) for side in shape] for shape in self.anchor_choice().anchors]
        return {
            "num_classes": len(self.class_names),
            "in_channels": 3,
            "image_size": self.image_size,
            "anchors": anchors,
        }

    def card(self) -> dict[str, Any]:
        """Class names, preprocessing, and how well the anchors match."""
        self.setup()
        choice = self.anchor_choice()
        return {
            "class_names": list(self.class_names),
            "preprocessing": {"size": self.image_size, "channels": 3, "resize": "letterbox"},
            "anchors": {
                "source": choice.source,
                "before": choice.before._asdict(),
                "after": choice.after._asdict(),
            },
        }

    def check(self, folder: Path) -> bool:
        """Draws images of every split with their boxes; always True, since the boxes are made and not read."""
        self.setup()
        return check_images(self, self.class_names, folder)

    def augment(self, batch: Batch) -> Batch:
        """Applies the augmentation to a training batch."""
        if self.augmentation is None:
            return batch
        images, targets = batch
        trainer = self.trainer
        progress = trainer.global_step / max(trainer.estimated_stepping_batches, 1) if trainer else 0.0
        return self.augmentation(to_unit(images), targets, progress)

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Moves the images; `normalize` moves the boxes, which the augmentation selects: a GPU would wait each time."""
        images, targets = batch
        return images.to(device, non_blocking=True), targets

    def normalize(self, batch: Batch) -> Batch:
        """Scales the images of a batch to [0, 1], and moves the boxes to their device."""
        images, targets = batch
        return to_unit(images), move_targets(targets, images.device)


def move_targets(targets: list[Target], device: torch.device) -> list[Target]:
    """Moves the targets of a batch to a device, all boxes in one copy, and all labels."""
    if device.type == "cpu":
        return targets
    moved: list[Target] = [{} for _ in targets]
    for name in dict.fromkeys(name for target in targets for name in target):
        having = [number for number, target in enumerate(targets) if name in target]
        parts = [targets[number][name] for number in having]
        copied = torch.cat(parts).to(device, non_blocking=True)
        for number, part in zip(having, copied.split([len(part) for part in parts]), strict=True):
            moved[number][name] = part
    return moved


def _are_shapes(anchors: Anchors) -> TypeGuard[Sequence[Sequence[float]]]:
    return isinstance(anchors, Sequence) and len(anchors) > 0 and all(map(_is_shape, anchors))


def _is_shape(values: Any) -> bool:
    pair = isinstance(values, Sequence) and len(values) == 2
    return pair and all(isinstance(value, int | float) and 0 < value < math.inf for value in values)
