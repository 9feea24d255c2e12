"""COCO's average precision of points, by object keypoint similarity (OKS)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from faster_coco_eval import COCO, COCOeval_faster
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torchmetrics import Metric

NAMES = ("oks_ap", "oks_ap_50", "oks_ap_75")
DEFAULT_SIGMA = 0.05
"""COCO's tolerance of a point where none is given: its own go from 0.025 for eyes to 0.107 for hips."""


class KeypointAP(Metric):
    """`oks_ap`, `oks_ap_50` and `oks_ap_75`: COCO's evaluation of points, at most 20 objects in an image.

    An object without a visible point is ignored, as in COCO. faster-coco-eval, which torchmetrics' mean average
    precision uses too, gives the values of pycocotools.
    """

    full_state_update = False
    rows: list[Tensor]

    def __init__(self, sigmas: Sequence[float], *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.sigmas = tuple(sigmas)
        self.add_state("rows", default=[], dist_reduce_fx="cat")

    def update(
        self,
        predicted: Float[Tensor, "b k 2"],
        scores: Float[Tensor, " b"],
        classes: Int[Tensor, " b"],
        target: dict[str, Tensor],
    ) -> None:
        """Adds images with `zoo.data.landmarks.base.Target`; `predicted` are fractions of the square image."""
        side, origin = target["side"][:, None, None].double(), target["origin"][:, None].double()
        found, truth = (points.double() * side + origin for points in (predicted, target["points"]))
        visible: Bool[Tensor, "b k"] = target["visible"]
        facts = [target[name].double() for name in ("image", "present", "area", "labels")]
        head = torch.stack([*facts, classes.double(), scores.double()], 1)
        self.rows.append(torch.cat([head, found.flatten(1), truth.flatten(1), visible.double()], 1))

    def compute(self) -> dict[str, Tensor]:
        """The metrics by name; -1 without an object, as in COCO."""
        stored: Any = self.rows
        rows = stored if isinstance(stored, Tensor) else torch.cat(stored) if stored else torch.empty(0, 6)
        values = evaluate(*_split(rows.cpu().numpy(), len(self.sigmas)), self.sigmas)
        return {name: torch.tensor(value) for name, value in zip(NAMES, values, strict=True)}


def evaluate(
    truth: Sequence[dict[str, Any]], found: Sequence[dict[str, Any]], sigmas: Sequence[float]
) -> tuple[float, float, float]:
    """AP, AP at 0.5 and at 0.75 of annotations and results in COCO's form; -1 without an object."""
    if not truth or not found:
        return (0.0, 0.0, 0.0) if truth else (-1.0, -1.0, -1.0)
    images = sorted({entry["image_id"] for entry in [*truth, *found]})
    names = [str(i) for i in range(len(sigmas))]
    labels = sorted({entry["category_id"] for entry in [*truth, *found]})
    content = {
        "info": {},
        "images": [{"id": image} for image in images],
        "annotations": list(truth),
        "categories": [{"id": label, "name": str(label), "keypoints": names, "skeleton": []} for label in labels],
    }
    known = COCO(content)
    evaluation = COCOeval_faster(
        known, known.loadRes(list(found)), "keypoints", print_function=_quiet, kpt_oks_sigmas=list(sigmas)
    )
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    return tuple(float(value) for value in evaluation.stats[:3])  # type: ignore[return-value]


def _quiet(*text: object) -> None:
    """Takes the lines that an evaluation prints."""


def _split(rows: Float[np.ndarray, "n values"], count: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The annotations and the results that rows of `KeypointAP` hold; an object that is not there has no annotation."""
    truth, found = [], []
    for number, row in enumerate(rows, start=1):
        image, present, area, label, category, score = row[:6]
        ours, theirs, visible = np.split(row[6:], [2 * count, 4 * count])
        flags = np.where(visible > 0, 2, 0)
        keypoints = np.column_stack([theirs.reshape(-1, 2) * (visible[:, None] > 0), flags]).ravel()
        if present:
            box = [*theirs.reshape(-1, 2).min(0), *np.ptp(theirs.reshape(-1, 2), axis=0)]
            entry = {"id": number, "image_id": int(image), "category_id": int(label), "iscrowd": 0, "area": area}
            shape = {"bbox": list(map(float, box)), "num_keypoints": int((visible > 0).sum())}
            truth.append(entry | shape | {"keypoints": keypoints.tolist()})
        points = np.column_stack([ours.reshape(-1, 2), np.ones(count)]).ravel().tolist()
        result = {"image_id": int(image), "category_id": int(category), "keypoints": points, "score": float(score)}
        found.append(result)
    return truth, found
