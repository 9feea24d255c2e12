"""Overrides and files for tests of bad input."""

from pathlib import Path

import numpy as np
from PIL import Image

QUICK = ["trainer.max_epochs=1", "trainer=cpu", "baselines=false"]
HUGE = "more than 50,000,000 pixels, the guard against decompression bombs"
RNG = np.random.default_rng(0)


def write_image(path: Path) -> None:
    Image.fromarray(RNG.integers(0, 256, (20, 24, 3), dtype=np.uint8)).save(path)


def write_images(folder: Path, count: int = 6) -> None:
    folder.mkdir(parents=True)
    for number in range(count):
        write_image(folder / f"{number}.jpg")


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
