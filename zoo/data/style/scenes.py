"""Content images that need no file: crops of scikit-learn's photographs, and drawn scenes."""

import numpy as np
from PIL import Image, ImageDraw

from zoo.data.base import Split
from zoo.data.detection.pasting import background, material
from zoo.data.style.squares import Drawn

_SPLIT_CODE: dict[Split, int] = {"train": 20, "val": 21, "test": 22}
_SHAPES = (3, 9)  # in a scene
_CONTRAST, _BRIGHTNESS = (0.7, 1.3), (-38, 38)  # of a channel of a training image; gray values are 0 to 255


class Scenes(Drawn):
    """Images of even indices are crops of photographs, of which each split has its own strips; others are scenes.

    Two photographs are few: images of training are turned, and their channels are permuted and scaled.
    """

    def __init__(self, split: Split, size: int, count: int, seed: int) -> None:
        super().__init__(size, count, [seed if split == "train" else 0, _SPLIT_CODE[split]])
        self.photographs = material(split, seed=0).photographs
        self.varies = split == "train"

    def draw(self, index: int, rng: np.random.Generator) -> Image.Image:
        """A crop or a scene."""
        image = draw_scene(self.size, rng) if index % 2 else background(self.photographs, self.size, rng)
        return vary(image, rng) if self.varies else image


def draw_scene(size: int, rng: np.random.Generator) -> Image.Image:
    """A drawn scene: a sky or wall of changing color with ellipses and polygons, and the grain of a photograph."""
    ends = rng.uniform(0, 255, (2, 2, 3))
    axis = np.linspace(0, 1, size)[:, None, None]
    rows = ends[0, 0] * (1 - axis) + ends[0, 1] * axis
    columns = ends[1, 0] * (1 - axis) + ends[1, 1] * axis
    canvas = Image.fromarray(((rows + columns.transpose(1, 0, 2)) / 2).astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    for _ in range(rng.integers(*_SHAPES)):
        center, extent = rng.uniform(0, size, 2), rng.uniform(size / 12, size / 2.5)
        red, green, blue = (int(value) for value in rng.integers(0, 256, 3))
        if rng.random() < 0.5:
            half = extent * rng.uniform(0.3, 1.0, 2) / 2
            draw.ellipse((*(center - half), *(center + half)), (red, green, blue))
        else:
            angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 7)))
            corners = center + extent * np.stack([np.cos(angles), np.sin(angles)], 1)
            draw.polygon([(float(x), float(y)) for x, y in corners], (red, green, blue))
    grain = rng.normal(0, rng.uniform(0, 8), (size, size, 1))
    return Image.fromarray(np.clip(np.asarray(canvas) + grain, 0, 255).astype(np.uint8))


def vary(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Turns or mirrors an image, permutes its channels, and changes contrast and brightness of each."""
    pixels = np.rot90(np.asarray(image), int(rng.integers(4)))
    pixels = pixels[:, ::-1] if rng.random() < 0.5 else pixels
    pixels = pixels[..., rng.permutation(3)]
    middle = 255 / 2
    found = (pixels - middle) * rng.uniform(*_CONTRAST, 3) + middle + rng.uniform(*_BRIGHTNESS, 3)
    return Image.fromarray(np.clip(found, 0, 255).astype(np.uint8))
