"""Real handwritten digits on crops of real photographs, all from what scikit-learn carries."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from zoo.data.base import Split
from zoo.data.images.base import stratified_split
from zoo.data.options import Range, require_count, rising
from zoo.errors import ZooError

_BRIGHTEST = 16  # the 8×8 digits count ink in 0 … 16
_INK = 96  # of 255; where a stroke counts as a part of the box
_LEAST_CONTRAST = 90  # of 255; mean difference of colour between a digit and what lies below it
_STRIPS: dict[Split, tuple[float, float]] = {"train": (0.0, 0.5), "val": (0.5, 0.7), "test": (0.7, 1.0)}


class Material(NamedTuple):
    """What the scenes of one split are made of."""

    digits: UInt8[np.ndarray, "n 8 8"]
    labels: Int[np.ndarray, " n"]
    photographs: list[Image.Image]
    numbers: Int[np.ndarray, " n"]
    """Of the digits in scikit-learn's set."""


class Pasted(NamedTuple):
    """A digit on a picture: its ink's box, and the corners of its frame clockwise from the digit's top left."""

    box: tuple[int, int, int, int]
    corners: Float[np.ndarray, "4 2"]


def scene_sides(sides: Range, image_size: int) -> tuple[float, float]:
    """The smallest and largest digit in pixels.

    Raises:
        ZooError: sides that do not fit the picture.
    """
    given = rising(sides)
    if given is None or given[0] < 8 or given[1] > image_size:
        shown = list(sides) if isinstance(sides, Sequence) else sides
        raise ZooError(f"`data.sides` (={shown}) must be [low, high] from at least 8 to at most {image_size} pixels")
    return given


def scene_counts(*, train: int, val: int, test: int) -> dict[Split, int]:
    """How many scenes each split has.

    Raises:
        ZooError: a split without scenes.
    """
    counts: dict[Split, int] = {"train": train, "val": val, "test": test}
    for split, count in counts.items():
        require_count(f"{split}_scenes", count)
    return counts


def material(split: Split, seed: int) -> Material:
    """Half of the digits for training, a fifth for validation, the rest for test; each split has its own digits and
    its own upright strip of the two photographs (china.jpg and flower.jpg). Who wrote a digit is not known.
    """
    pixels, targets = load_digits(return_X_y=True)
    rest, test = stratified_split(targets, 0.3, seed)
    train, val = stratified_split(targets[rest], 0.2 / 0.7, seed)
    chosen = {"train": rest[train], "val": rest[val], "test": test}[split]
    digits = (pixels[chosen].reshape(-1, 8, 8) * (255 / _BRIGHTEST)).round().astype(np.uint8)
    low, high = _STRIPS[split]
    strips = []
    for array in load_sample_images().images:
        width = array.shape[1]
        strips.append(Image.fromarray(np.ascontiguousarray(array[:, int(low * width) : int(high * width)])))
    return Material(digits, targets[chosen].astype(np.int64), strips, chosen)


def background(photographs: list[Image.Image], size: int, rng: np.random.Generator) -> Image.Image:
    """A square crop of a photograph, at random place, scale and mirroring, as `size` × `size` pixels."""
    photograph = photographs[rng.integers(len(photographs))]
    side = rng.uniform(0.5, 1.0) * min(photograph.size)
    x, y = rng.uniform(0, photograph.width - side), rng.uniform(0, photograph.height - side)
    crop = photograph.resize((size, size), Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def stamp(
    digit: UInt8[np.ndarray, "8 8"], *, width: int, height: int, degrees: float
) -> tuple[UInt8[np.ndarray, "h w"], Float[np.ndarray, "4 2"]]:
    """The ink of a digit, enlarged and turned counter-clockwise, and the corners of its frame in the ink's pixels."""
    enlarged = Image.fromarray(digit).resize((width, height), Image.Resampling.BICUBIC)
    turned = enlarged.rotate(degrees, Image.Resampling.BILINEAR, expand=True)
    sharp = np.clip((np.asarray(turned).astype(np.int16) - 64) * 2, 0, 255).astype(np.uint8)
    angle = math.radians(degrees)
    frame = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])  # y points down
    return sharp, frame @ turn.T + np.array(turned.size) / 2


def ink_box(ink: UInt8[np.ndarray, "h w"]) -> tuple[int, int, int, int] | None:
    """The xyxy box of the strokes, or None where there are none."""
    rows, columns = np.nonzero((ink > _INK).any(1))[0], np.nonzero((ink > _INK).any(0))[0]
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def colour(below: UInt8[np.ndarray, "h w 3"], rng: np.random.Generator) -> tuple[int, int, int]:
    """A random colour that can be told from the mean of what lies below."""
    mean = below.reshape(-1, 3).mean(0)
    while True:
        drawn = rng.integers(0, 256, 3)
        if np.abs(drawn - mean).mean() >= _LEAST_CONTRAST:
            return int(drawn[0]), int(drawn[1]), int(drawn[2])


def paste(
    picture: Image.Image,
    ink: UInt8[np.ndarray, "h w"],
    corners: Float[np.ndarray, "4 2"],
    box: tuple[int, int, int, int],
    place: tuple[int, int],
    rng: np.random.Generator,
) -> Pasted:
    """Draws the ink into `picture` so that its box starts at `place` (x, y)."""
    left, top = place[0] - box[0], place[1] - box[1]
    moved = (place[0], place[1], place[0] + box[2] - box[0], place[1] + box[3] - box[1])
    below = np.asarray(picture.crop(moved))
    picture.paste(colour(below, rng), (left, top), Image.fromarray(ink))
    return Pasted(moved, corners + np.array([left, top]))
