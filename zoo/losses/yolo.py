"""The loss of YOLO: objectness, box and class."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.losses.assigners import Assigner, Objects
from zoo.losses.focal import focal_bce
from zoo.losses.iou import BoxLoss
from zoo.ops.assign import Matches
from zoo.ops.boxes import area
from zoo.ops.constants import constant, uploaded
from zoo.ops.grid import activate, decode, to_pixels
from zoo.ops.iou import overlap, pairwise_intersection

Targets = list[dict[str, Tensor]]
"""For each image `boxes` [N 4] xyxy in pixels and `labels` [N]; optionally `ignore` [M 4], ignored regions.

The loss skips predictions of all classes in ignored regions. The metrics use `ignore_labels` [M].
"""


class YoloLosses(NamedTuple):
    """The weighted sum, and its unweighted terms."""

    total: Float[Tensor, ""]
    objectness: Float[Tensor, ""]
    box: Float[Tensor, ""]
    classes: Float[Tensor, ""]


class LevelMatches(NamedTuple):
    """Predictions and targets of one level; m of the B × rows × columns × a predictions are matched."""

    objectness: Float[Tensor, "b rows columns a"]
    """Logits of objectness."""
    iou_target: Float[Tensor, "b rows columns a"]
    """The IoU of a matched box with its object, the largest of several; 0 elsewhere."""
    valid: Bool[Tensor, "b rows columns a"]
    """False for predictions in ignored regions, which are excluded from objectness."""
    boxes: Float[Tensor, "m 4"]
    target_boxes: Float[Tensor, "m 4"]
    class_logits: Float[Tensor, "m c"]
    labels: Int[Tensor, " m"]


class YoloLoss(nn.Module):
    """YOLO loss: objectness over all predictions, box and class over the predictions matched by `assigner`.

    The objectness target of a match is the current IoU of its box (Redmon et al. 2015, arXiv:1506.02640), and 0
    elsewhere. Predictions with more than half of their area in an ignored region (COCO's crowds) are excluded.
    `class_weights` multiply the loss of each class. `gamma` is the focal exponent of objectness and class.

    Raises:
        ZooError: a negative `gamma`; negative `class_weights` or, in the first batch, not one per class; an unknown
            `box_iou`.
    """

    def __init__(
        self,
        *,
        assigner: Assigner,
        objectness_weight: float,
        box_weight: float,
        classification_weight: float,
        gamma: float,
        class_weights: Sequence[float] | None,
        box_iou: str = "ciou",
    ) -> None:
        super().__init__()
        if gamma < 0:
            raise ZooError(f"`gamma` (={gamma}) must be at least 0")
        if class_weights is not None and min(class_weights, default=0) < 0:
            raise ZooError(f"`class_weights` (={class_weights}) must be at least 0")
        self.assigner = assigner
        self.weights = (objectness_weight, box_weight, classification_weight)
        self.gamma = gamma
        self.class_weights = class_weights
        self.box_loss = BoxLoss(kind=box_iou)

    def forward(
        self,
        grids: tuple[Tensor, ...],
        targets: Targets,
        anchors: Float[Tensor, "levels a 2"],
        strides: list[int],
    ) -> YoloLosses:
        """Computes the losses of a batch of raw grids [B rows columns a 5+c], the finest first."""
        grids, anchors = tuple(raw.float() for raw in grids), anchors.float()
        objects = _objects(targets, grids[0].device)
        matches = self.assigner(grids, objects, anchors, strides)
        levels = [
            _match_level(raw, match, objects, shapes, stride, targets)
            for raw, match, shapes, stride in zip(grids, matches, anchors, strides, strict=True)
        ]
        terms = (
            self._objectness(levels),
            self.box_loss(torch.cat([x.boxes for x in levels]), torch.cat([x.target_boxes for x in levels])),
            self._classes(torch.cat([x.class_logits for x in levels]), torch.cat([x.labels for x in levels])),
        )
        total = torch.stack([weight * term for weight, term in zip(self.weights, terms, strict=True)]).sum()
        return YoloLosses(total, *terms)

    def _objectness(self, levels: list[LevelMatches]) -> Float[Tensor, ""]:
        """Returns the mean over the valid predictions of all levels."""
        pairs = [torch.stack([level.objectness, level.iou_target], -1).flatten(0, -2) for level in levels]
        logits, iou_target = torch.cat(pairs).unbind(-1)
        valid = torch.cat([level.valid.flatten() for level in levels]).float()
        return (focal_bce(logits, iou_target, self.gamma) * valid).sum() / valid.sum().clamp(min=1)

    def _classes(self, logits: Float[Tensor, "m c"], labels: Int[Tensor, " m"]) -> Float[Tensor, ""]:
        targets = torch.zeros_like(logits)
        targets.scatter_(1, labels[:, None], 1.0)
        loss = focal_bce(logits, targets, self.gamma)
        if self.class_weights is not None:
            if len(self.class_weights) != logits.shape[1]:
                raise ZooError(
                    f"`class_weights` (={self.class_weights}) must have one number for each of the "
                    f"{logits.shape[1]} classes"
                )
            loss = loss * constant(tuple(self.class_weights), loss.device, loss.dtype)
        return loss.sum() / max(loss.numel(), 1)


def _objects(targets: Targets, device: torch.device) -> Objects:
    boxes = torch.cat([target["boxes"] for target in targets]).to(device, torch.float32)
    labels = torch.cat([target["labels"] for target in targets]).to(device)
    images = [number for number, target in enumerate(targets) for _ in range(len(target["boxes"]))]
    return Objects(boxes, labels, uploaded(images, device, torch.long))


def _match_level(
    raw: Float[Tensor, "b rows columns a values"],
    match: Matches,
    objects: Objects,
    anchors: Float[Tensor, "a 2"],
    stride: int,
    targets: Targets,
) -> LevelMatches:
    """Collects the predictions of one level and the targets of its matches."""
    matched = raw[match.image, match.row, match.column, match.anchor]
    cells = activate(matched[:, 1:5], anchors[match.anchor], stride)
    boxes = to_pixels(cells, match.row, match.column, stride)
    target_boxes = objects.boxes[match.object]
    iou_target = raw.new_zeros(raw.shape[:-1])
    _, rows, columns, per_cell = iou_target.shape
    place = ((match.image * rows + match.row) * columns + match.column) * per_cell + match.anchor
    iou_target.view(-1).scatter_reduce_(0, place, overlap(boxes.detach(), target_boxes), "amax")
    return LevelMatches(
        objectness=raw[..., 0],
        iou_target=iou_target,
        valid=_valid(raw, anchors, stride, targets, iou_target),
        boxes=boxes,
        target_boxes=target_boxes,
        class_logits=matched[:, 5:],
        labels=objects.labels[match.object],
    )


def _valid(
    raw: Float[Tensor, "b rows columns a values"],
    anchors: Float[Tensor, "a 2"],
    stride: int,
    targets: Targets,
    iou_target: Float[Tensor, "b rows columns a"],
) -> Bool[Tensor, "b rows columns a"]:
    """Returns a mask of the predictions that count for objectness: all outside ignored regions, and all matches."""
    valid = torch.ones_like(iou_target, dtype=torch.bool)
    for i, target in enumerate(targets):
        ignore = target.get("ignore")
        if ignore is None or not len(ignore):
            continue
        boxes = decode(raw[i : i + 1].detach(), anchors, stride=stride).boxes.view(-1, 4)
        inside = pairwise_intersection(boxes, ignore.to(boxes)).amax(1) / area(boxes).clamp(min=1e-7)
        valid[i] = (inside <= 0.5).view(valid[i].shape) | (iou_target[i] > 0)
    return valid
