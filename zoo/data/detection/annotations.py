"""Labeled boxes read from annotation files, and the problems found in them."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zoo.data.problems import summary
from zoo.distribution import run_command
from zoo.errors import ZooError
from zoo.ops.boxes import BoxFormat

Kind = Literal[
    "missing image",
    "unreadable image",
    "wrong image size",
    "turned image",
    "twin image",
    "broken annotation",
    "unknown class",
    "not a number",
    "empty box",
    "reversed box",
    "box outside",
    "box partly outside",
    "duplicate box",
    "lost boxes",
    "duplicate id",
    "wrong box format",
    "normalized boxes",
    "pixel boxes",
    "id gap",
    "class missing",
    "image in two splits",
    "no images",
    "no classes",
    "duplicate class",
    "similar classes",
    "ids from 1",
    "no boxes",
]
HARMLESS: frozenset[str] = frozenset(
    {"box partly outside", "turned image", "id gap", "class missing", "similar classes"}
)
"""Reported but never refused: boxes are clipped, images rotated, ids remapped."""
ALWAYS_REFUSED: frozenset[str] = frozenset(
    {
        "wrong box format",
        "normalized boxes",
        "pixel boxes",
        "no images",
        "no classes",
        "duplicate class",
        "ids from 1",
        "no boxes",
    }
)
"""Refused under every policy: leaving out single boxes does not solve them."""
_CONSEQUENCES = ("no images", "no boxes")
"""May follow from other problems, for which images are left out."""
Policy = Literal["refuse", "skip"]
_SMALLEST = 1.0  # pixels of the longer side; below, it is a slip, such as a fraction among pixels
_TOLERANCE = 1.0  # pixels; annotators round, and old formats count from 1


@dataclass(frozen=True)
class Problem:
    """A problem in an annotation file or image."""

    file: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Record:
    """An image and its boxes, xyxy in pixels; `ignore` are regions without ground truth (COCO's crowds)."""

    path: Path
    width: int
    height: int
    boxes: Float[Tensor, "n 4"]
    labels: Int[Tensor, " n"]
    ignore: Float[Tensor, "m 4"] = field(default_factory=lambda: torch.empty(0, 4))
    ignore_labels: Int[Tensor, " m"] = field(default_factory=lambda: torch.empty(0, dtype=torch.long))


@dataclass
class Annotations:
    """One split: its usable records, and the problems found while reading."""

    records: list[Record]
    class_names: list[str]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """Decisions made while reading, such as a remapping of class ids."""
    seen: list[tuple[Tensor, int, int]] = field(default_factory=list)
    """All xyxy boxes as read, usable or not, with the width and height of their image in pixels."""
    written: BoxFormat = "xyxy"
    """The format of the boxes in the files."""

    def add(
        self,
        path: Path,
        *,
        file: str,
        width: int,
        height: int,
        boxes: Float[Tensor, "n 4"],
        labels: list[int],
        crowds: list[bool] | None = None,
        lost: int = 0,
    ) -> None:
        """Adds an image with its xyxy boxes in pixels; leaves out and reports unusable boxes.

        `lost` counts boxes that could not be read. An image that loses all its boxes is left out, too: it would
        count as background, although it shows objects.
        """
        label, crowd = torch.tensor(labels, dtype=torch.long), torch.zeros(len(labels), dtype=torch.bool)
        if crowds is not None:
            crowd = torch.tensor(crowds, dtype=torch.bool)
        keep, problems = clean_boxes(boxes, label, width=width, height=height, file=file)
        self.problems += problems
        self.seen.append((boxes, width, height))
        use, ignore = keep & ~crowd, keep & crowd
        lost += int((~keep & ~crowd).sum())
        if lost and not use.any():
            message = f"left out, because none of its boxes can be used ({lost} cannot)"
            self.problems.append(Problem(path.name, "lost boxes", message))
            return
        self.records.append(Record(path, width, height, boxes[use], label[use], boxes[ignore], label[ignore]))

    def leave_out_unlabeled(self, images: Collection[Path], reason: str) -> None:
        """Leaves out images without annotations where others are lost: they would count as background."""
        self.records = [record for record in self.records if record.path not in images]
        self.problems += [Problem(path.name, "lost boxes", f"left out: {reason}") for path in sorted(images)]


def listed(names: Sequence[str], count: int = 30) -> str:
    """The first names, for a message."""
    return ", ".join(names[:count]) + (f", … ({len(names):,} in all)" if len(names) > count else "")


def duplicate_stems(used: Path, others: list[Path]) -> list[Problem]:
    """Problems for images that differ from `used` in their extension alone: they share its annotation file."""
    return [Problem(path.name, "twin image", f"left out: {used.name} has the same annotations") for path in others]


def clean_boxes(
    boxes: Float[Tensor, "n 4"], labels: Int[Tensor, " n"], *, width: int, height: int, file: str
) -> tuple[Bool[Tensor, " n"], list[Problem]]:
    """A mask of the usable xyxy boxes, and the problems; boxes partly outside are usable (and clipped later)."""
    problems: list[Problem] = []
    keep = torch.ones(len(boxes), dtype=torch.bool)
    seen: set[tuple[float, ...]] = set()
    for i, (box, label) in enumerate(zip(boxes.tolist(), labels.tolist(), strict=True)):
        x1, y1, x2, y2 = box
        kind: Kind | None = None
        if not torch.isfinite(boxes[i]).all():
            kind = "not a number"
        elif x2 < x1 or y2 < y1:
            kind = "reversed box"
        elif x2 == x1 or y2 == y1 or max(x2 - x1, y2 - y1) < _SMALLEST:
            kind = "empty box"
        elif x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
            kind = "box outside"
        elif (*box, label) in seen:
            kind = "duplicate box"
        if kind is not None:
            keep[i] = False
        elif min(x1, y1) < -_TOLERANCE or x2 > width + _TOLERANCE or y2 > height + _TOLERANCE:
            kind = "box partly outside"
        if kind is not None:
            corners = ", ".join(f"{v:g}" for v in box)
            problems.append(Problem(file, kind, f"({corners}) in an image of {width}×{height}"))
        seen.add((*box, label))
    return keep, problems


def require_usable(splits: dict[str, Annotations], policy: Policy) -> list[str]:
    """Returns one line for each decision and each kind of problem.

    Raises:
        ZooError: a problem that no policy can skip, or with `refuse` any problem that `skip` would leave out.
    """
    if policy not in get_args(Policy):
        raise ZooError(f"`data.on_bad_annotation` (={policy}) must be one of: {', '.join(get_args(Policy))}")
    problems = [problem for split in splits.values() for problem in split.problems]
    counts = Counter(problem.kind for problem in problems)
    refused = [p for p in problems if p.kind in ALWAYS_REFUSED]
    refused.sort(key=lambda problem: problem.kind in _CONSEQUENCES)
    if policy == "refuse":
        refused = refused or [p for p in problems if p.kind not in HARMLESS]
    if refused:
        listing = f"{run_command('check_data')} lists them"
        remarks = [f"and {len(refused) - 1} more", listing] if len(refused) > 1 else []
        causes = [kind for kind, _ in counts.most_common() if kind not in _CONSEQUENCES]
        if refused[0].kind in _CONSEQUENCES and causes:
            remarks = [f"{counts[causes[0]]} × {causes[0]}", listing]
        if refused[0].kind not in ALWAYS_REFUSED:
            remarks.append("data.on_bad_annotation=skip leaves out what is wrong")
        raise ZooError(str(refused[0]) + (f" ({'; '.join(remarks)})" if remarks else ""))
    lines = [f"{split}: {note}" for split, annotations in splits.items() for note in annotations.notes]
    return lines + summary(problems)
