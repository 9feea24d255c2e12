"""Images and volumes as rows of pixels, which the classical models of a report read."""

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import BatchDataset

MAX_TRAIN_IMAGES = 5_000
"""Training images of a classical model; more are drawn at random, so that fitting takes seconds."""
_SIDE = 16  # pixels; larger images are averaged down to this
_CHUNK = 256


def pixels(
    images: BatchDataset, indices: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n d"], Shaped[np.ndarray, " n"]]:
    """Returns images as rows of pixel values in [0, 1], averaged down to at most 16 x 16, and their labels."""
    rows, labels = [], []
    for part in torch.from_numpy(indices).split(_CHUNK):
        batch, truth = images[part]
        rows.append(_small(batch).flatten(1).numpy())
        labels.append(truth.numpy())
    return np.concatenate(rows), np.concatenate(labels)


def _small(images: Tensor) -> Tensor:
    values = images.float() if images.is_floating_point() else images.float() / 255.0
    if images.ndim == 5:
        depth, height, width = (min(side, _SIDE) for side in images.shape[2:])
        return F.adaptive_avg_pool3d(values, (depth, height, width))
    height, width = (min(side, _SIDE) for side in images.shape[2:])
    return F.adaptive_avg_pool2d(values, (height, width))
