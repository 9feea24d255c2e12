"""Digits and backgrounds of three splits that are drawn alike and share nothing."""

from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int, UInt8
from sklearn.datasets import load_digits, load_sample_images
from torch import Tensor

from zoo.data.base import Split
from zoo.data.splits import stratified_split

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images
_GRID = (8, 12)  # rows and columns of tiles of a photograph, each of 53×53 pixels
_SHARE = 0.15  # of the digits and of the tiles, for validation and for test


class Material(NamedTuple):
    """Digits and pieces of photographs of one split."""

    digits: UInt8[Tensor, "n 8 8"]
    labels: Int[Tensor, " n"]
    tiles: UInt8[Tensor, "t 3 53 53"]
    numbers: Int[Tensor, " n"]
    """Indices of the digits in scikit-learn's set."""


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
    digits = torch.from_numpy((pixels[chosen].reshape(-1, 8, 8) * (255 / _BRIGHTEST)).round().astype(np.uint8))
    return Material(digits, torch.from_numpy(labels[chosen]).long(), _backgrounds(split), torch.from_numpy(chosen))


def _backgrounds(split: Split) -> UInt8[Tensor, "t 3 h w"]:
    cut = []
    for photograph in load_sample_images().images:
        height, width = (length // count for length, count in zip(photograph.shape, _GRID, strict=False))
        trimmed = torch.from_numpy(photograph[: _GRID[0] * height, : _GRID[1] * width].copy())
        grid = trimmed.unflatten(1, (_GRID[1], width)).unflatten(0, (_GRID[0], height))
        cut.append(grid.permute(0, 2, 4, 1, 3).flatten(0, 1))
    every = torch.cat(cut)
    order = np.random.default_rng(0).permutation(len(every))
    count = round(_SHARE * len(every))
    parts = {"test": order[:count], "val": order[count : 2 * count], "train": order[2 * count :]}
    return every[torch.from_numpy(parts[split])]
