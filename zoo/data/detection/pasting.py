"""Draws handwritten digits on crops of photographs; both come with scikit-learn."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int, UInt8
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from zoo.data.base import Split
from zoo.data.options import Range, parse_range, require_count
from zoo.data.splits import stratified_split
from zoo.errors import ZooError

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images
_INK = 96  # of 255; brighter pixels belong to the box
_MIN_CONTRAST = 90  # of 255; mean color difference between a digit and its background
_STRIPS: dict[Split, tuple[float, float]] = {"train": (0.0, 0.5), "val": (0.5, 0.7), "test": (0.7, 1.0)}


class Material(NamedTuple):
    """Digits and photographs of one split."""

    digits: UInt8[np.ndarray, "n 8 8"]
    labels: Int[np.ndarray, " n"]
    photographs: list[Image.Image]
    numbers: Int[np.ndarray, " n"]
    """Indices of the digits in scikit-learn's set."""


class Pasted(NamedTuple):
    """A digit drawn on an image."""

    box: tuple[int, int, int, int]
    """The xyxy box of the ink in pixels."""
    corners: Float[np.ndarray, "4 2"]
    """Corners of the digit's frame in pixels, clockwise from the digit's own top left."""


def object_heights(object_size: Range, image_size: int) -> tuple[float, float]:
    """The smallest and largest height of a digit in pixels.

    Raises:
        ZooError: not a range, or one that exceeds the image.
    """
    heights = parse_range(object_size)
    if heights is None or heights[0] < 8 or heights[1] > image_size:
        shown = list(object_size) if isinstance(object_size, Sequence) else object_size
        allowed = f"[low, high] from at least 8 to at most {image_size} pixels"
        raise ZooError(f"`data.object_size` (={shown}) must be {allowed}")
    return heights


def scene_counts(*, train: int, val: int, test: int) -> dict[Split, int]:
    """The number of scenes of each split.

    Raises:
        ZooError: a split without scenes.
    """
    counts: dict[Split, int] = {"train": train, "val": val, "test": test}
    for split, count in counts.items():
        require_count(f"{split}_scenes", count)
    return counts


def material(split: Split, seed: int) -> Material:
    """The digits and photographs of a split: 50 % of the digits for training, 20 % for validation, 30 % for test.

    Each split has its own vertical strip of the two photographs (china.jpg and flower.jpg). Writers may occur in
    several splits: the set does not name them.
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
    """A random square crop of a photograph, resized to `size` × `size` pixels and mirrored half of the time."""
    photograph = photographs[rng.integers(len(photographs))]
    side = rng.uniform(0.5, 1.0) * min(photograph.size)
    x, y = rng.uniform(0, photograph.width - side), rng.uniform(0, photograph.height - side)
    crop = photograph.resize((size, size), Image.Resampling.BILINEAR, box=(x, y, x + side, y + side))
    return crop.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if rng.random() < 0.5 else crop


def render_digit(
    digit: UInt8[np.ndarray, "8 8"], *, width: int, height: int, degrees: float
) -> tuple[UInt8[np.ndarray, "h w"], Float[np.ndarray, "4 2"]]:
    """The ink of a digit, resized and rotated counter-clockwise, and the corners of its frame in pixels of the ink."""
    enlarged = Image.fromarray(digit).resize((width, height), Image.Resampling.BICUBIC)
    rotated = enlarged.rotate(degrees, Image.Resampling.BILINEAR, expand=True)
    sharp = np.clip((np.asarray(rotated).astype(np.int16) - 64) * 2, 0, 255).astype(np.uint8)
    angle = math.radians(degrees)
    frame = np.array([[-width, -height], [width, -height], [width, height], [-width, height]]) / 2
    rotation = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])  # y points down
    return sharp, frame @ rotation.T + np.array(rotated.size) / 2


def ink_box(ink: UInt8[np.ndarray, "h w"]) -> tuple[int, int, int, int] | None:
    """The xyxy box of the strokes, or None without ink."""
    rows, columns = np.nonzero((ink > _INK).any(1))[0], np.nonzero((ink > _INK).any(0))[0]
    if not len(rows):
        return None
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def color(below: UInt8[np.ndarray, "h w 3"], rng: np.random.Generator) -> tuple[int, int, int]:
    """A random color with enough contrast to the mean of the background."""
    mean = below.reshape(-1, 3).mean(0)
    while True:
        drawn = rng.integers(0, 256, 3)
        if np.abs(drawn - mean).mean() >= _MIN_CONTRAST:
            return int(drawn[0]), int(drawn[1]), int(drawn[2])


def paste(
    canvas: Image.Image,
    ink: UInt8[np.ndarray, "h w"],
    corners: Float[np.ndarray, "4 2"],
    box: tuple[int, int, int, int],
    place: tuple[int, int],
    rng: np.random.Generator,
) -> Pasted:
    """Draws the ink into `canvas`, in place, so that its box starts at `place` (x, y)."""
    left, top = place[0] - box[0], place[1] - box[1]
    moved = (place[0], place[1], place[0] + box[2] - box[0], place[1] + box[3] - box[1])
    below = np.asarray(canvas.crop(moved))
    canvas.paste(color(below, rng), (left, top), Image.fromarray(ink))
    return Pasted(moved, corners + np.array([left, top]))
