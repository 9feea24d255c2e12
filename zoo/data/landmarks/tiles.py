"""Digits and backgrounds of three splits that are drawn alike and share nothing."""

import numpy as np
from PIL import Image
from sklearn.datasets import load_digits, load_sample_images

from zoo.data.base import Split
from zoo.data.detection.pasting import Material
from zoo.data.splits import stratified_split

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images
_GRID = (8, 12)  # rows and columns of tiles of a photograph, each of 53×53 pixels
_SHARE = 0.15  # of the digits and of the tiles, for validation and for test


def tiles(split: Split) -> Material:
    """The digits and tiles of photographs of a split: 70 % for training, 15 % for validation, 15 % for test.

    Digits are drawn within each class, and tiles at random from both photographs. They are small and of one size, so
    that the splits have backgrounds of one kind: of large regions, one split may get the sky and another the roofs.
    Writers may occur in several splits: the set does not name them.
    """
    pixels, labels = load_digits(return_X_y=True)
    rest, test = stratified_split(labels, _SHARE, 0)
    train, val = stratified_split(labels[rest], _SHARE / (1 - _SHARE), 0)
    chosen = {"train": rest[train], "val": rest[val], "test": test}[split]
    digits = (pixels[chosen].reshape(-1, 8, 8) * (255 / _BRIGHTEST)).round().astype(np.uint8)
    return Material(digits, labels[chosen].astype(np.int64), _backgrounds(split), chosen)


def _backgrounds(split: Split) -> list[Image.Image]:
    cut = []
    for photograph in load_sample_images().images:
        height, width = (length // count for length, count in zip(photograph.shape, _GRID, strict=False))
        for row in range(_GRID[0]):
            for column in range(_GRID[1]):
                tile = photograph[row * height : (row + 1) * height, column * width : (column + 1) * width]
                cut.append(Image.fromarray(np.ascontiguousarray(tile)))
    order = np.random.default_rng(0).permutation(len(cut))
    count = round(_SHARE * len(cut))
    parts = {"test": order[:count], "val": order[count : 2 * count], "train": order[2 * count :]}
    return [cut[i] for i in parts[split]]
