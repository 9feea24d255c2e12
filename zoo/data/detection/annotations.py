"""Labelled boxes as read from annotation files, and what is wrong with them."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zoo.errors import ZooError

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
    "wrong box format",
    "normalised boxes",
    "pixel boxes",
    "id gap",
    "class missing",
    "image in two splits",
    "no images",
    "no classes",
    "duplicate class",
    "no boxes",
]
HARMLESS: frozenset[str] = frozenset({"box partly outside", "turned image", "id gap", "class missing"})
"""Told, but never a reason to refuse: clipped, turned, remapped, or nobody's mistake."""
ALWAYS_REFUSED: frozenset[str] = frozenset(
    {
        "wrong box format",
        "normalised boxes",
        "pixel boxes",
        "no images",
        "no classes",
        "duplicate class",
        "no boxes",
    }
)
"""Not to be mended by leaving single boxes out."""
Policy = Literal["refuse", "skip"]
_TOLERANCE = 1.0  # pixels; annotators round, and old formats count from 1


@dataclass(frozen=True)
class Problem:
    """Something wrong, where it is, and what it is."""

    file: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.kind}: {self.message}"


@dataclass(frozen=True)
class Record:
    """An image and its boxes, xyxy in pixels; `ignore` are regions not to judge (COCO's crowds)."""

    path: Path
    width: int
    height: int
    boxes: Float[Tensor, "n 4"]
    labels: Int[Tensor, " n"]
    ignore: Float[Tensor, "m 4"] = field(default_factory=lambda: torch.empty(0, 4))
    ignore_labels: Int[Tensor, " m"] = field(default_factory=lambda: torch.empty(0, dtype=torch.long))


@dataclass
class Annotations:
    """One split: usable records, and the problems of all that was read."""

    records: list[Record]
    class_names: list[str]
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    """What was decided while reading, such as a remapping of class ids."""
    seen: list[tuple[Tensor, int, int]] = field(default_factory=list)
    """All xyxy boxes as read, usable or not, with the width and height of their image."""

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
    ) -> None:
        """An image with its xyxy boxes in pixels; those that cannot be used are left out and told."""
        label, crowd = torch.tensor(labels, dtype=torch.long), torch.zeros(len(labels), dtype=torch.bool)
        if crowds is not None:
            crowd = torch.tensor(crowds, dtype=torch.bool)
        keep, problems = clean_boxes(boxes, label, width=width, height=height, file=file)
        self.problems += problems
        self.seen.append((boxes, width, height))
        use, ignore = keep & ~crowd, keep & crowd
        self.records.append(Record(path, width, height, boxes[use], label[use], boxes[ignore], label[ignore]))


def read_text(file: Path) -> str:
    """The text of an annotation file, less the mark that editors of Windows put in front.

    Raises:
        ZooError: no text in UTF-8.
    """
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ZooError(f"{file} is no text in UTF-8 ({error.reason} at byte {error.start}): save it as UTF-8") from None


def twins(used: Path, others: list[Path]) -> list[Problem]:
    """That pictures which differ in their ending alone have one annotation file, so that one of them is used."""
    return [Problem(path.name, "twin image", f"left out: {used.name} has the same annotations") for path in others]


def clean_boxes(
    boxes: Float[Tensor, "n 4"], labels: Int[Tensor, " n"], *, width: int, height: int, file: str
) -> tuple[Bool[Tensor, " n"], list[Problem]]:
    """Which xyxy boxes can be used, and why the others cannot; a box that only sticks out can (it will be clipped)."""
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
        elif x2 == x1 or y2 == y1:
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
    """Lines that say what is left out.

    Raises:
        ZooError: something that no leaving-out mends, or with `refuse` anything that would be left out.
    """
    if policy not in get_args(Policy):
        raise ZooError(f"`data.problems` (={policy}) must be one of: {', '.join(get_args(Policy))}")
    problems = [problem for split in splits.values() for problem in split.problems]
    counts = Counter(problem.kind for problem in problems)
    refused = [p for p in problems if p.kind in ALWAYS_REFUSED]
    refused.sort(key=lambda problem: problem.kind in ("no images", "no boxes"))  # what follows from others comes last
    if policy == "refuse":
        refused = refused or [p for p in problems if p.kind not in HARMLESS]
    if refused:
        remarks = [f"and {len(refused) - 1} more", "scripts/check_data.py lists them"] if len(refused) > 1 else []
        if refused[0].kind not in ALWAYS_REFUSED:
            remarks.append("data.problems=skip leaves out what is wrong")
        raise ZooError(str(refused[0]) + (f" ({'; '.join(remarks)})" if remarks else ""))
    lines = [f"{split}: {note}" for split, annotations in splits.items() for note in annotations.notes]
    for kind, count in counts.most_common():
        first = next(p for p in problems if p.kind == kind)
        lines.append(f"{count} × {kind}, e.g. {first.file}: {first.message}")
    return lines
