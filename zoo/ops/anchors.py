"""Anchor shapes: k-means on the training boxes, and how well anchors cover boxes.

Redmon & Farhadi 2016 (arXiv:1612.08242), section 2: k-means under the distance 1 − IoU of shapes.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.ops.iou import pairwise_shape_iou

Shapes = Sequence[Sequence[float]]  # (width, height) pairs in pixels, by area

# YOLOv3 (arXiv:1804.02767) and YOLOv3-tiny: (width, height) in pixels of a 416-pixel image
PUBLISHED_SIZE = 416
YOLOV3: Shapes = [[10, 13], [16, 30], [33, 23], [30, 61], [62, 45], [59, 119], [116, 90], [156, 198], [373, 326]]
YOLOV3_TINY: Shapes = [[10, 14], [23, 27], [37, 58], [81, 82], [135, 169], [344, 319]]


class Fit(NamedTuple):
    """How well anchors cover boxes: mean IoU with the best anchor, and recall.

    Recall is the fraction of boxes whose width and height are within a factor of `ratio` of an anchor.
    """

    mean_iou: float
    recall: float


class AnchorChoice(NamedTuple):
    """The selected anchors, their source, and the fit of the defaults (`before`) and of k-means (`after`)."""

    anchors: Shapes
    before: Fit
    after: Fit
    source: str  # "default", "k-means" or "given"


def anchor_fit(sizes: Float[Tensor, "n 2"], anchors: Float[Tensor, "k 2"], ratio: float = 4) -> Fit:
    """Returns the fit of anchors to the (width, height) of boxes.

    Its recall is the upper bound for matching by shape.
    """
    if not len(sizes):
        return Fit(0.0, 0.0)
    mean_iou = pairwise_shape_iou(sizes, anchors).amax(1).mean()
    return Fit(float(mean_iou), float(shape_ratio(sizes, anchors).amin(1).lt(ratio).float().mean()))


def shape_ratio(sizes: Float[Tensor, "n 2"], anchors: Float[Tensor, "k 2"]) -> Float[Tensor, "n k"]:
    """Returns the larger of width and height ratio, each at least 1: the stretch from an anchor to a box."""
    ratio = sizes[:, None] / anchors[None]
    return torch.maximum(ratio, 1 / ratio).amax(-1)


def kmeans(
    sizes: Float[Tensor, "n 2"], k: int, *, seed: int, iterations: int = 100, restarts: int = 5
) -> Float[Tensor, "k 2"]:
    """Clusters box shapes into `k` anchors under the distance 1 − IoU; returns them sorted by area.

    Starts from k-means++ and updates each center to the median of its members. The median does not minimize the
    mean distance, so that a step can increase it; the best centers seen are returned.

    Raises:
        ValueError: fewer distinct sizes than anchors.
    """
    different = len(sizes.unique(dim=0))
    if different < k:
        raise ValueError(f"`k` (={k}) must not exceed the number of different box sizes ({different})")
    generator = torch.Generator().manual_seed(seed)
    sizes = sizes.double().cpu()
    best, best_iou = sizes[:k], -1.0
    for _ in range(restarts):
        centers = _plus_plus(sizes, k, generator)
        previous = None
        for _ in range(iterations):
            nearest, index = pairwise_shape_iou(sizes, centers).max(1)
            if (mean_iou := float(nearest.mean())) > best_iou:
                best, best_iou = centers, mean_iou
            if previous is not None and torch.equal(index, previous):
                break
            previous = index
            members = [sizes[index == j] for j in range(k)]
            centers = torch.stack([m.median(0).values if len(m) else c for m, c in zip(members, centers, strict=True)])
    return best[best.prod(1).argsort(stable=True)].float()


def select_anchors(
    sizes: Float[Tensor, "n 2"], default: Shapes, *, seed: int, min_gain: float = 0.02, ratio: float = 4
) -> AnchorChoice:
    """Returns k-means anchors, as many as in `default`, if mean IoU or recall rises by at least `min_gain`.

    Otherwise returns `default`.
    """
    before = anchor_fit(sizes, torch.tensor(default, dtype=torch.float32), ratio)
    if len(sizes.unique(dim=0)) < len(default):  # too few boxes to learn from
        return AnchorChoice(default, before, before, "default")
    found = kmeans(sizes, len(default), seed=seed).mul(10).round().div(10).clamp(min=0.1)  # as printed and saved
    after = anchor_fit(sizes, found, ratio)
    if after.mean_iou - before.mean_iou < min_gain and after.recall - before.recall < min_gain:
        return AnchorChoice(default, before, after, "default")
    return AnchorChoice([[round(v, 1) for v in shape] for shape in found.tolist()], before, after, "k-means")


def scale_anchors(anchors: Shapes, image_size: int) -> Shapes:
    """Rescales published anchors, in pixels, to another image size."""
    return [[round(side * image_size / PUBLISHED_SIZE, 1) for side in shape] for shape in anchors]


def group_by_stride(anchors: Shapes, strides: int) -> Float[Tensor, "strides k 2"]:
    """Groups anchors by area, the smallest for the finest stride.

    Raises:
        ValueError: the anchors do not divide evenly over the strides.
    """
    if not anchors or len(anchors) % strides:
        raise ValueError(f"`anchors` (={len(anchors)} of them) must divide evenly over {strides} strides")
    shapes = torch.tensor(anchors, dtype=torch.float32)
    return shapes[shapes.prod(1).argsort(stable=True)].view(strides, -1, 2)


def _plus_plus(sizes: Tensor, k: int, generator: torch.Generator) -> Tensor:
    chosen = [int(torch.randint(len(sizes), (1,), generator=generator))]
    while len(chosen) < k:
        distance = 1 - pairwise_shape_iou(sizes, sizes[chosen]).amax(1)
        chosen.append(int(torch.multinomial(distance.clamp(min=1e-12).square(), 1, generator=generator)))
    return sizes[chosen]
