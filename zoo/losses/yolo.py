"""The loss of a YOLO: is there an object, where is its box, what is it."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.losses.focal import focal_bce
from zoo.losses.iou import BoxLoss
from zoo.ops.assign import assign
from zoo.ops.boxes import area
from zoo.ops.grid import activate, decode, to_pixels
from zoo.ops.iou import overlap, pairwise_intersection

Targets = list[dict[str, Tensor]]
"""For each image `boxes` [N 4] xyxy in pixels and `labels` [N]; optional `ignore` [M 4], regions not to judge.

Their `ignore_labels` [M] are for the metrics: the loss judges nothing in such a region, whatever the class.
"""


class YoloLosses(NamedTuple):
    """The weighted sum, and its parts before weighting."""

    total: Float[Tensor, ""]
    objectness: Float[Tensor, ""]
    box: Float[Tensor, ""]
    classes: Float[Tensor, ""]


class YoloLoss(nn.Module):
    """Objectness over all predictions; box and classes over those that `zoo.ops.assign.assign` matches.

    The objectness target of a match is the IoU that its box reaches now (Redmon et al. 2015, arXiv:1506.02640), the
    largest where several objects share a prediction, and 0 elsewhere. A prediction that lies by more than half in an
    ignored region (COCO's crowds) is not judged. `class_weights` multiply the loss of single classes; `gamma` is
    the focal exponent of objectness and classes.

    Raises:
        ZooError: a `match_ratio` of 1 or less, or of more than the 4 that a decoded box can be stretched; a negative
            `gamma`; `class_weights` that are negative or, once the classes are seen, not one for each; no such overlap.
    """

    def __init__(
        self,
        *,
        objectness_weight: float,
        box_weight: float,
        class_weight: float,
        match_ratio: float,
        gamma: float,
        class_weights: Sequence[float] | None,
        overlap: str = "ciou",
    ) -> None:
        super().__init__()
        if not 1 < match_ratio <= 4:
            raise ZooError(f"`match_ratio` (={match_ratio}) must be above 1 and at most 4")
        if gamma < 0:
            raise ZooError(f"`gamma` (={gamma}) must be at least 0")
        if class_weights is not None and min(class_weights, default=0) < 0:
            raise ZooError(f"`class_weights` (={class_weights}) must be at least 0")
        self.weights = (objectness_weight, box_weight, class_weight)
        self.match_ratio = match_ratio
        self.gamma = gamma
        self.class_weights = class_weights
        self.box_loss = BoxLoss(kind=overlap)

    def forward(
        self,
        grids: tuple[Tensor, ...],
        targets: Targets,
        anchors: Float[Tensor, "levels a 2"],
        strides: list[int],
    ) -> YoloLosses:
        """The losses of a batch of raw grids [B rows columns a 5+c], the finest first."""
        device = grids[0].device
        boxes = torch.cat([target["boxes"] for target in targets]).to(device, torch.float32)
        labels = torch.cat([target["labels"] for target in targets]).to(device)
        counts = torch.tensor([len(target["boxes"]) for target in targets])
        images = torch.repeat_interleave(torch.arange(len(targets)), counts).to(device)
        judged, logits, predicted, wanted, class_logits, class_targets = [], [], [], [], [], []
        for raw, shapes, stride in zip(grids, anchors.float(), strides, strict=True):
            raw = raw.float()
            rows, columns = raw.shape[1:3]
            match = assign(boxes, images, shapes, stride=stride, rows=rows, columns=columns, ratio=self.match_ratio)
            place = (match.image, match.row, match.column, match.anchor)
            matched = raw[place]
            cells = activate(matched[:, 1:5], shapes[match.anchor], stride)
            found = to_pixels(cells, match.row, match.column, stride)
            iou = overlap(found.detach(), boxes[match.object])
            goal = raw.new_zeros(raw.shape[:-1])
            flat = ((match.image * rows + match.row) * columns + match.column) * len(shapes) + match.anchor
            goal.view(-1).scatter_reduce_(0, flat, iou, "amax")
            judged.append(_judged(raw, shapes, stride, targets, goal))
            logits.append(torch.stack([raw[..., 0], goal], -1).flatten(0, -2))
            predicted.append(found)
            wanted.append(boxes[match.object])
            class_logits.append(matched[:, 5:])
            class_targets.append(labels[match.object])
        weight = torch.cat([j.flatten() for j in judged]).float()
        logit, goal = torch.cat(logits).unbind(-1)
        objectness = (focal_bce(logit, goal, self.gamma) * weight).sum() / weight.sum().clamp(min=1)
        box = self.box_loss(torch.cat(predicted), torch.cat(wanted))
        classes = self._classes(torch.cat(class_logits), torch.cat(class_targets))
        parts = (objectness, box, classes)
        total = torch.stack([w * part for w, part in zip(self.weights, parts, strict=True)]).sum()
        return YoloLosses(total, *parts)

    def _classes(self, logits: Float[Tensor, "m c"], labels: Tensor) -> Float[Tensor, ""]:
        targets = torch.zeros_like(logits)
        targets.scatter_(1, labels[:, None], 1.0)
        loss = focal_bce(logits, targets, self.gamma)
        if self.class_weights is not None:
            if len(self.class_weights) != logits.shape[1]:
                raise ZooError(
                    f"`class_weights` (={self.class_weights}) must have one number for each of the "
                    f"{logits.shape[1]} classes"
                )
            loss = loss * loss.new_tensor(self.class_weights)
        return loss.sum() / max(loss.numel(), 1)


def _judged(raw: Tensor, anchors: Tensor, stride: int, targets: Targets, goal: Tensor) -> Tensor:
    """Which predictions count for objectness: all but those in ignored regions; matches always do."""
    judged = torch.ones_like(goal, dtype=torch.bool)
    for i, target in enumerate(targets):
        ignore = target.get("ignore")
        if ignore is None or not len(ignore):
            continue
        found = decode(raw[i : i + 1].detach(), anchors, stride=stride).boxes.view(-1, 4)
        inside = pairwise_intersection(found, ignore.to(found)).amax(1) / area(found).clamp(min=1e-7)
        judged[i] = (inside <= 0.5).view(judged[i].shape) | (goal[i] > 0)
    return judged
