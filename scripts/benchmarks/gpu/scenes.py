"""Random scenes with boxes, for measurements that do not depend on the content."""

from typing import Any

import torch

from zoo.data.detection.base import DetectionData, TensorScenes

OBJECTS = 12


class RandomScenes(DetectionData):
    """Four batches of uint8 images of noise in memory, each image with the same number of boxes."""

    def __init__(self, *, size: int, batch_size: int, num_classes: int = 80) -> None:
        super().__init__(
            batch_size=batch_size,
            num_workers=0,
            seed=0,
            image_size=size,
            anchors="default",
            num_anchors=6,
            augmentation=None,
        )
        self.class_names = [f"class {number}" for number in range(num_classes)]

    def load(self) -> dict[str, Any]:
        """Generates the scenes, the same for every split."""
        generator, count, size = torch.Generator().manual_seed(0), 4 * self.batch_size, self.image_size
        images = torch.randint(256, (count, 3, size, size), dtype=torch.uint8, generator=generator)
        corners = torch.rand(count, OBJECTS, 2, generator=generator) * 0.7 * size
        sides = (0.02 + 0.28 * torch.rand(count, OBJECTS, 2, generator=generator)) * size
        boxes = torch.cat([corners, corners + sides], 2)
        labels = torch.randint(len(self.class_names), (count, OBJECTS), generator=generator)
        targets = [{"boxes": b, "labels": k} for b, k in zip(boxes, labels, strict=True)]
        return dict.fromkeys(("train", "val", "test"), TensorScenes(images, targets))
