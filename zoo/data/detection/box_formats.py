"""Detects boxes that are stored in another format than they were read in."""

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.detection.annotations import Annotations, Problem
from zoo.ops.boxes import BoxFormat, convert

_SUSPICIOUS = 0.2  # fraction of impossible boxes above which the format is checked
_ENOUGH = 5  # boxes needed for a verdict
_FITS = 0.95  # fraction of boxes that another format has to explain
_NAMES: dict[BoxFormat, str] = {
    "xyxy": "corners x1, y1, x2, y2",
    "xywh": "x, y, width, height",
    "cxcywh": "center and size",
}


def suspect_format(annotations: Annotations, split: str) -> list[Problem]:
    """At most one problem: the boxes of a split look like another format, which is named."""
    boxes = torch.cat([torch.empty(0, 4), *(boxes for boxes, _, _ in annotations.seen)])
    sizes = [torch.tensor([[float(w), float(h)]]).expand(len(b), 2) for b, w, h in annotations.seen]
    limits = torch.cat([torch.empty(0, 2), *sizes])
    finite = torch.isfinite(boxes).all(1)
    boxes, limits = boxes[finite], limits[finite]
    if len(boxes) < _ENOUGH:
        return []
    if float((boxes.abs() <= 2).all(1).float().mean()) > _FITS:
        message = "nearly all coordinates lie in 0 … 1: fractions of the image, where pixels are meant"
        return [Problem(split, "normalized boxes", message)]
    bad = 1 - _possible(boxes, limits)
    if bad < _SUSPICIOUS:
        return []
    message = f"{bad:.0%} of {len(boxes)} boxes are reversed or leave their image"
    read, numbers = _NAMES[annotations.written], convert(boxes, "xyxy", annotations.written)
    guesses = {
        f"read as {read}, they fit as {name}": convert(numbers, other, "xyxy")
        for other, name in _NAMES.items()
        if other != annotations.written
    } | {"x and y are exchanged": boxes[:, [1, 0, 3, 2]]}
    share, guess = max((_possible(guess, limits), name) for name, guess in guesses.items())
    if share >= _FITS:
        return [Problem(split, "wrong box format", f"{message}; {guess}")]
    if _visible(boxes, limits) >= 1 - _SUSPICIOUS:  # they reach out by design, as full-body boxes do, and are clipped
        return []
    return [Problem(split, "wrong box format", message)]


def _possible(boxes: Float[Tensor, "n 4"], sizes: Float[Tensor, "n 2"]) -> float:
    """Fraction of xyxy boxes that are not empty and lie inside their image."""
    ordered = (boxes[:, 2:] > boxes[:, :2]).all(1)
    inside = (boxes[:, :2] >= -2).all(1) & (boxes[:, 2:] <= sizes + 2).all(1)
    return float((ordered & inside).float().mean())


def _visible(boxes: Float[Tensor, "n 4"], sizes: Float[Tensor, "n 2"]) -> float:
    """Fraction of xyxy boxes that are not empty and overlap their image."""
    ordered = (boxes[:, 2:] > boxes[:, :2]).all(1)
    overlaps = (boxes[:, 2:] > 0).all(1) & (boxes[:, :2] < sizes).all(1)
    return float((ordered & overlaps).float().mean())
