"""Folders of small random images, one folder per class."""

from pathlib import Path

import numpy as np
from PIL import Image

from zoo.data.images.image_folder import ImageFolder

RNG = np.random.default_rng(0)


def write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        width, height = RNG.integers(20, 40, 2)
        pixels = RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def build(root: Path, **changes) -> ImageFolder:
    values = {
        "root": str(root),
        "image_size": 14,
        "crop_ratio": 0.875,
        "channels": 3,
        "mean": [0.5, 0.5, 0.5],
        "std": [0.2, 0.2, 0.2],
        "val_fraction": 0.2,
        "test_fraction": 0.2,
        "on_error": "raise",
        "cache_mb": 1,
        "batch_size": 4,
        "num_workers": 0,
        "seed": 0,
        "augmentation": None,
    }
    return ImageFolder(**values | changes)
