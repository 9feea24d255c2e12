"""Objects with points as read from files, and the problems found in them."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from jaxtyping import Bool, Float
from torch import Tensor

from zoo.data.landmarks.squares import Box
from zoo.data.problems import summary
from zoo.distribution import run_command
from zoo.errors import ZooError

Kind = Literal[
    "missing image",
    "unreadable image",
    "turned image",
    "image twice",
    "object twice",
    "copied image",
    "image in two splits",
    "group in two splits",
    "broken annotation",
    "duplicate id",
    "other number of points",
    "not a number",
    "unknown visibility",
    "empty class",
    "unknown class",
    "class without objects",
    "bad box",
    "point outside",
    "point far outside",
    "points outside box",
    "boxes as corners",
    "boxes elsewhere",
    "axes may be swapped",
    "constant point",
    "left and right swapped",
    "swapped axes",
    "normalized points",
    "pixels as fractions",
    "no objects",
]
HARMLESS: frozenset[str] = frozenset(
    {
        "turned image",
        "copied image",
        "point outside",
        "constant point",
        "left and right swapped",
        "axes may be swapped",
        "class without objects",
    }
)
"""Reported and kept: the annotations may be right."""
ALWAYS_REFUSED: frozenset[str] = frozenset(
    {"swapped axes", "normalized points", "pixels as fractions", "boxes as corners", "boxes elsewhere", "no objects"}
)
"""Refused under every policy: leaving out single objects does not solve them."""
Policy = Literal["refuse", "skip"]


class Problem(NamedTuple):
    """A problem in an annotation file or image."""

    file: str
    kind: Kind
    message: str

    def __str__(self) -> str:
        return f"{self.file}: {self.kind}: {self.message}"


@dataclass(frozen=True, kw_only=True)
class Sample:
    """An object of an image; coordinates are pixels of the upright image, from its top left corner."""

    path: Path
    points: Float[Tensor, "k 2"]
    visible: Bool[Tensor, " k"]
    label: int = 0
    present: bool = True
    """False for an image without an object."""
    box: Box | None = None
    """xyxy."""
    area: float | None = None
    """In square pixels, as COCO's evaluation takes it."""
    image_id: int | str | None = None
    group: str = ""
    """Samples of one group stay in one split."""
    split: str = ""
    where: str = ""
    """The place in its file, for messages."""


@dataclass
class PointSet:
    """The objects of a file or folder."""

    names: tuple[str, ...]
    class_names: tuple[str, ...] = ("object",)
    skeleton: tuple[tuple[int, int], ...] = ()
    samples: list[Sample] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def require_usable(splits: Mapping[str, PointSet], policy: Policy) -> list[str]:
    """Returns one line for each note and each kind of problem.

    Raises:
        ZooError: a problem that no policy can skip, or with `refuse` any problem that `skip` would leave out.
    """
    if policy not in get_args(Policy):
        raise ZooError(f"`data.on_bad_annotation` (={policy}) must be one of: {', '.join(get_args(Policy))}")
    problems = [problem for points in splits.values() for problem in points.problems]
    refused = [p for p in problems if p.kind in ALWAYS_REFUSED and p.kind != "no objects"]
    refused = refused or [p for p in problems if p.kind == "no objects"]
    if policy == "refuse":
        refused = refused or [p for p in problems if p.kind not in HARMLESS]
    counts = Counter(problem.kind for problem in problems)
    if refused:
        first = refused[0]
        others = [kind for kind, _ in counts.most_common() if kind != "no objects" and kind not in HARMLESS]
        remarks = [f"{counts[others[0]]} × {others[0]}"] if first.kind == "no objects" and others else []
        remarks += [f"and {len(refused) - 1} more"] if len(refused) > 1 else []
        remarks += [f"{run_command('check_data')} lists them"] if len(problems) > 1 else []
        if first.kind not in ALWAYS_REFUSED:
            remarks.append("data.on_bad_annotation=skip leaves out what is wrong")
        raise ZooError(str(first) + (f" ({'; '.join(remarks)})" if remarks else ""))
    lines = [f"{split}: {note}" for split, points in splits.items() for note in points.notes]
    return lines + summary(problems)
