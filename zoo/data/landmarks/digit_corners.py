"""At most one rotated digit on a photograph, with the corners of its frame; available offline."""

from dataclasses import dataclass
from typing import Any

import torch

from zoo.data.base import Split
from zoo.data.detection.pasting import object_heights, scene_counts
from zoo.data.landmarks.base import MemoryPoints, PointData, PointLayout
from zoo.data.landmarks.corner_scenes import CornerScenes
from zoo.data.landmarks.tiles import tiles
from zoo.data.options import Range
from zoo.data.sampling import FreshBatches, IndexBatches

_SPLIT_CODE: dict[Split, int] = {"train": 10, "val": 11, "test": 12}
_NAMES = ("top left", "top right", "bottom right", "bottom left")  # of the upright digit
_LEVEL = ((0, 1), (3, 2))
_FRAME = ((0, 1), (1, 2), (2, 3), (3, 0))


@dataclass(kw_only=True, eq=False)
class DigitCorners(PointData):
    """Digits of scikit-learn, rotated by up to 30°, on crops of its photographs; a fifth of the images has no digit.

    The four points are the corners of the digit's frame, clockwise from the digit's own top left: the network has to
    recognize which way is up. New training scenes in every epoch; the splits share neither digits nor backgrounds.

    Raises:
        ZooError: an object size outside the image, or a split without scenes.
    """

    train_scenes: int
    val_scenes: int
    test_scenes: int
    object_size: Range

    def __post_init__(self) -> None:
        super().__post_init__()
        self.counts = scene_counts(train=self.train_scenes, val=self.val_scenes, test=self.test_scenes)
        self.heights = object_heights(self.object_size, self.image_size)

    def load(self) -> dict[str, Any]:
        """Training scenes drawn on demand; validation and test scenes drawn once."""
        self.layout = PointLayout(names=_NAMES, class_names=tuple(map(str, range(10))), skeleton=_FRAME, level=_LEVEL)
        scenes = {
            split: CornerScenes(
                tiles(split),
                size=self.image_size,
                heights=self.heights,
                count=count,
                key=[self.seed if split == "train" else 0, _SPLIT_CODE[split]],
            )
            for split, count in self.counts.items()
        }
        drawn = {name: MemoryPoints(*scenes[name][torch.arange(self.counts[name])]) for name in ("val", "test")}
        return {"train": scenes["train"], **drawn}

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """New scenes in every epoch."""
        return FreshBatches.like(usual)
