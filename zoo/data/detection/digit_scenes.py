"""Scenes of real handwritten digits on real photographs: a detection set that needs no download."""

from typing import Any, Literal

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.detection.augmentation import BoxAugmentation
from zoo.data.detection.base import Anchors, Batch, DetectionData, TensorScenes
from zoo.data.detection.pasting import Material, background, ink_box, material, paste, scene_counts, scene_sides, stamp
from zoo.data.detection.transforms import Target
from zoo.data.options import Range, require_count, require_share
from zoo.data.sampling import IndexBatches
from zoo.ops.iou import pairwise_intersection

_SPLIT_CODE: dict[Split, int] = {"train": 0, "val": 1, "test": 2}
_ANCHOR_SCENES = 500  # training scenes that anchors are learned from
_TRIES = 10  # places tried for a digit before it is left out


class SceneMaker:
    """Scene number `index` of a split is a function of the seed, the split and the index alone.

    One to `most` digits of `least_side` to `largest_side` pixels (log-uniform), up to 15° turned, a fifth narrower
    or wider; of any digit at most the share `overlap` of the smaller one's box is shared with another.
    """

    def __init__(
        self, parts: Material, *, size: int, sides: tuple[float, float], most: int, overlap: float, key: list[int]
    ) -> None:
        self.parts = parts
        self.size = size
        self.sides = sides
        self.most = most
        self.overlap = overlap
        self.key = key

    def make(self, index: int) -> tuple[UInt8[Tensor, "3 s s"], Target]:
        """The picture, and its boxes and labels."""
        rng = np.random.default_rng([*self.key, index])
        picture = background(self.parts.photographs, self.size, rng)
        boxes: list[tuple[int, int, int, int]] = []
        labels: list[int] = []
        for _ in range(rng.integers(1, self.most + 1)):
            number = rng.integers(len(self.parts.labels))
            side = np.exp(rng.uniform(*np.log(self.sides)))
            narrow = rng.uniform(0.8, 1.2)
            ink, corners = stamp(
                self.parts.digits[number],
                width=round(side * narrow),
                height=round(side),
                degrees=rng.uniform(-15, 15),
            )
            box = ink_box(ink)
            place = None if box is None else self._place(box, boxes, rng)
            if box is None or place is None:
                continue
            boxes.append(paste(picture, ink, corners, box, place, rng).box)
            labels.append(int(self.parts.labels[number]))
        image = torch.from_numpy(np.array(picture)).permute(2, 0, 1).contiguous()
        target = {
            "boxes": torch.tensor(boxes, dtype=torch.float32).view(-1, 4),
            "labels": torch.tensor(labels, dtype=torch.long),
        }
        return image, target

    def _place(
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
    """Scenes made when they are asked for; indices beyond the length are further scenes of the same kind."""

    in_memory = True  # making one costs far less than training on it

    def __init__(self, maker: SceneMaker, count: int) -> None:
        self.maker = maker
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> Batch:
        images, targets = zip(*(self.maker.make(i) for i in indices.tolist()), strict=True)
        return torch.stack(images), list(targets)

    def all(self) -> TensorScenes:
        """The scenes, made once and kept."""
        return TensorScenes(*self[torch.arange(self.count)])


class FreshBatches(IndexBatches):
    """Batches whose scenes no earlier epoch has shown: epoch e has the scenes from e times the length on."""

    @classmethod
    def like(cls, usual: IndexBatches) -> "FreshBatches":
        """The same batches with fresh scenes."""
        return cls(
            usual.count,
            usual.batch_size,
            shuffle=usual.shuffle,
            seed=usual.seed,
            rank=usual.rank,
            world_size=usual.world_size,
        )

    def __iter__(self) -> Any:
        for batch in super().__iter__():
            yield batch + self.epoch * self.count


class DigitScenes(DetectionData):
    """Digits of scikit-learn on crops of its two photographs; new scenes in every epoch, the same in every run.

    The splits share neither digits nor parts of the photographs.

    Raises:
        ZooError: sides that do not fit the picture, or a split without scenes.
    """

    def __init__(
        self,
        *,
        train_scenes: int,
        val_scenes: int,
        test_scenes: int,
        image_size: int,
        sides: Range,
        most: int,
        overlap: float,
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
        require_count("most", most)
        require_share("overlap", overlap)
        self.counts = scene_counts(train=train_scenes, val=val_scenes, test=test_scenes)
        self.sides = scene_sides(sides, image_size)
        self.most = most
        self.overlap = overlap

    def load(self) -> dict[str, Any]:
        """Training scenes made as they are needed, the others made once."""
        self.class_names = [str(digit) for digit in range(10)]
        scenes = {name: MadeScenes(self._maker(name), count) for name, count in self.counts.items()}
        return {"train": scenes["train"], "val": scenes["val"].all(), "test": scenes["test"].all()}

    def box_sizes(self) -> Float[Tensor, "n 2"]:
        """Width and height of the boxes of the first training scenes."""
        _, targets = self.dataset("train")[torch.arange(min(_ANCHOR_SCENES, self.counts["train"]))]
        boxes = torch.cat([target["boxes"] for target in targets])
        return boxes[:, 2:] - boxes[:, :2]

    def sampler(self, name: Split) -> IndexBatches:
        """Fresh scenes for training, the same scenes for validation and test."""
        usual = super().sampler(name)
        assert isinstance(usual, IndexBatches)
        return FreshBatches.like(usual) if name == "train" else usual

    def _maker(self, split: Split) -> SceneMaker:
        return SceneMaker(
            material(split, seed=0),  # the same digits are kept apart whatever the seed
            size=self.image_size,
            sides=self.sides,
            most=self.most,
            overlap=self.overlap,
            key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
        )
