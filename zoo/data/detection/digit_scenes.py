"""Scenes of handwritten digits on photographs: a detection set that needs no download."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.detection.base import Batch, DetectionData, TensorScenes
from zoo.data.detection.pasting import (
    Material,
    background,
    ink_box,
    material,
    object_heights,
    paste,
    render_digit,
    scene_counts,
)
from zoo.data.detection.transforms import Target
from zoo.data.options import Range, require_count, require_share
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.ops.iou import pairwise_intersection

_SPLIT_CODE: dict[Split, int] = {"train": 0, "val": 1, "test": 2}
_ANCHOR_SCENES = 500  # training scenes that anchors are fitted to
_TRIES = 10  # positions tried for a digit before it is left out


class SceneMaker:
    """Draws scenes; a scene depends on `key` and its index alone.

    A scene has one to `max_objects` digits. Their heights are log-uniform between the two `heights` in pixels, their
    widths differ by up to a fifth, and they are rotated by up to 15°. Two boxes share at most the fraction `overlap`
    of the smaller one.
    """

    def __init__(
        self,
        source: Material,
        *,
        size: int,
        heights: tuple[float, float],
        max_objects: int,
        overlap: float,
        key: list[int],
    ) -> None:
        self.source = source
        self.size = size
        self.heights = heights
        self.max_objects = max_objects
        self.overlap = overlap
        self.key = key

    def make(self, index: int) -> tuple[UInt8[Tensor, "3 s s"], Target]:
        """An image with its boxes and labels."""
        rng = np.random.default_rng([*self.key, index])
        canvas = background(self.source.photographs, self.size, rng)
        boxes: list[tuple[int, int, int, int]] = []
        labels: list[int] = []
        for _ in range(rng.integers(1, self.max_objects + 1)):
            number = rng.integers(len(self.source.labels))
            height = np.exp(rng.uniform(*np.log(self.heights)))
            narrow = rng.uniform(0.8, 1.2)
            ink, corners = render_digit(
                self.source.digits[number],
                width=round(height * narrow),
                height=round(height),
                degrees=rng.uniform(-15, 15),
            )
            box = ink_box(ink)
            place = None if box is None else self._find_place(box, boxes, rng)
            if box is None or place is None:
                continue
            boxes.append(paste(canvas, ink, corners, box, place, rng).box)
            labels.append(int(self.source.labels[number]))
        image = torch.from_numpy(np.array(canvas)).permute(2, 0, 1).contiguous()
        target = {
            "boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
            "labels": torch.tensor(labels, dtype=torch.long),
        }
        return image, target

    def _find_place(
        self, box: tuple[int, int, int, int], others: list[tuple[int, int, int, int]], rng: np.random.Generator
    ) -> tuple[int, int] | None:
        width, height = box[2] - box[0], box[3] - box[1]
        if width > self.size or height > self.size:
            return None
        for _ in range(_TRIES):
            x, y = int(rng.integers(self.size - width + 1)), int(rng.integers(self.size - height + 1))
            if not others:
                return x, y
            mine = torch.tensor([[x, y, x + width, y + height]], dtype=torch.float32)
            theirs = torch.tensor(others, dtype=torch.float32)
            smaller = (theirs[:, 2:] - theirs[:, :2]).prod(1).clamp(max=width * height)
            if (pairwise_intersection(mine, theirs)[0] <= self.overlap * smaller).all():
                return x, y
        return None


class MadeScenes:
    """Scenes drawn on demand; indices beyond the length give further scenes of the same kind."""

    in_memory = True  # drawing a scene is far cheaper than training on it

    def __init__(self, maker: SceneMaker, count: int) -> None:
        self.maker = maker
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> Batch:
        images, targets = zip(*(self.maker.make(i) for i in indices.tolist()), strict=True)
        return torch.stack(images), list(targets)

    def all(self) -> TensorScenes:
        """All scenes, drawn once and held in memory."""
        return TensorScenes(*self[torch.arange(self.count)])


@dataclass(kw_only=True, eq=False)
class DigitScenes(DetectionData):
    """Digits of scikit-learn on crops of its two photographs; new training scenes in every epoch, equal in all runs.

    The splits share neither digits nor regions of the photographs. A scene has one to `max_objects` digits, with a
    height in the range `object_size` [low, high] in pixels. Two boxes share at most the fraction `overlap` of the
    smaller one.

    Raises:
        ZooError: an object size outside the image, or a split without scenes.
    """

    train_scenes: int
    val_scenes: int
    test_scenes: int
    object_size: Range
    max_objects: int
    overlap: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("max_objects", self.max_objects)
        require_share("overlap", self.overlap)
        self.counts = scene_counts(train=self.train_scenes, val=self.val_scenes, test=self.test_scenes)
        self.heights = object_heights(self.object_size, self.image_size)

    def load(self) -> dict[str, Any]:
        """Training scenes drawn on demand; validation and test scenes drawn once."""
        self.class_names = [str(digit) for digit in range(10)]
        scenes = {name: MadeScenes(self._maker(name), count) for name, count in self.counts.items()}
        return {"train": scenes["train"], "val": scenes["val"].all(), "test": scenes["test"].all()}

    def box_sizes(self) -> Float[Tensor, "n 2"]:
        """Width and height in pixels of the boxes in the first training scenes."""
        _, targets = self.dataset("train")[torch.arange(min(_ANCHOR_SCENES, self.counts["train"]))]
        boxes = torch.cat([target["boxes"] for target in targets])
        return boxes[:, 2:] - boxes[:, :2]

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """New scenes in every epoch."""
        return FreshBatches.like(usual)

    def _maker(self, split: Split) -> SceneMaker:
        return SceneMaker(
            material(split, seed=0),  # the split of digits does not depend on the seed
            size=self.image_size,
            heights=self.heights,
            max_objects=self.max_objects,
            overlap=self.overlap,
            key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
        )
