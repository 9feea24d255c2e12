"""Pictures with boxes: anchors, letterbox and batches that every detection set shares."""

import math
from collections.abc import Sequence
from typing import Any, Literal, TypeGuard

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.detection.augmentation import BoxAugmentation
from zoo.data.detection.transforms import Target
from zoo.data.images.base import to_unit
from zoo.errors import ZooError
from zoo.ops.anchors import YOLOV3, YOLOV3_TINY, AnchorChoice, choose, fit, scaled

Batch = tuple[Tensor, list[Target]]
Anchors = str | float | Sequence[Any] | None  # what a configuration may hold; checked by DetectionData
PUBLISHED = {len(shapes): shapes for shapes in (YOLOV3_TINY, YOLOV3)}


class TensorScenes:
    """Pictures and boxes held in memory."""

    in_memory = True

    def __init__(self, images: UInt8[Tensor, "n c h w"], targets: list[Target]) -> None:
        self.images = images
        self.targets = targets

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, indices: Tensor) -> Batch:
        return self.images[indices], [self.targets[i] for i in indices.tolist()]


class DetectionData(DataModule):
    """Square RGB pictures of `image_size` pixels in bytes, with `boxes` and `labels`.

    `anchors` are `auto` (k-means on the training boxes where it gains, else the published ones), `default` (the
    published ones, scaled to the pictures), or (width, height) pairs in pixels of the square picture.

    Raises:
        ZooError: anchors that are none of these, or a number of them with no published default.
    """

    feeds = frozenset({"detection"})

    def __init__(
        self,
        *,
        image_size: int,
        anchors: Anchors,
        num_anchors: int,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
        augmentation: BoxAugmentation | None,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed)
        if image_size < 32:
            raise ZooError(f"`data.image_size` (={image_size}) must be at least 32")
        if num_anchors not in PUBLISHED:
            raise ZooError(f"`data.num_anchors` (={num_anchors}) must be one of: {', '.join(map(str, PUBLISHED))}")
        if isinstance(anchors, str) and anchors not in ("auto", "default"):
            raise ZooError(f"`data.anchors` (={anchors}) must be auto, default, or a list of [width, height] in pixels")
        if not isinstance(anchors, str) and not _are_shapes(anchors):
            raise ZooError(f"`data.anchors` (={anchors}) must hold positive [width, height] pairs in pixels")
        self.image_size = image_size
        self.asked_anchors = anchors
        self.num_anchors = num_anchors
        self.augmentation = augmentation
        self.class_names: Sequence[str] = ()
        """Set by `load`."""
        self._anchors: AnchorChoice | None = None

    def box_sizes(self) -> Tensor:
        """Width and height [N 2] in pixels of all training boxes."""
        boxes = torch.cat([target["boxes"] for target in self.dataset("train").targets])
        return boxes[:, 2:] - boxes[:, :2]

    def anchor_choice(self) -> AnchorChoice:
        """The anchors, and how well they and the published ones fit the training boxes."""
        if self._anchors is None:
            sizes, default = self.box_sizes(), scaled(PUBLISHED[self.num_anchors], self.image_size)
            before = fit(sizes, torch.tensor(default))
            if self.asked_anchors == "auto":
                self._anchors = choose(sizes, default, seed=self.seed)
            elif self.asked_anchors == "default":
                self._anchors = AnchorChoice(default, before, before, "default")
            else:
                assert _are_shapes(self.asked_anchors)
                given = [[float(side) for side in shape] for shape in self.asked_anchors]
                self._anchors = AnchorChoice(given, before, fit(sizes, torch.tensor(given)), "given")
        return self._anchors

    def metadata(self) -> dict[str, Any]:
        """Number of classes and channels, pixels, anchors."""
        self.setup()
        anchors = [[float(side) for side in shape] for shape in self.anchor_choice().anchors]
        return {
            "num_classes": len(self.class_names),
            "in_channels": 3,
            "image_size": self.image_size,
            "anchors": anchors,
        }

    def card(self) -> dict[str, Any]:
        """Class names, preprocessing and the anchors' fit."""
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

    def augment(self, batch: Batch) -> Batch:
        """A training batch through the augmentation."""
        if self.augmentation is None:
            return batch
        images, targets = batch
        trainer = self.trainer
        progress = trainer.global_step / max(trainer.estimated_stepping_batches, 1) if trainer else 0.0  # by steps too
        return self.augmentation(to_unit(images), targets, progress)

    def normalize(self, batch: Batch) -> Batch:
        """A batch with pictures in [0, 1]."""
        images, targets = batch
        return to_unit(images), targets


def _are_shapes(anchors: Anchors) -> TypeGuard[Sequence[Sequence[float]]]:
    return isinstance(anchors, Sequence) and len(anchors) > 0 and all(map(_is_shape, anchors))


def _is_shape(values: Any) -> bool:
    pair = isinstance(values, Sequence) and len(values) == 2
    return pair and all(isinstance(value, int | float) and 0 < value < math.inf for value in values)
