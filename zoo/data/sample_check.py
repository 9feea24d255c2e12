"""Checks a labeled set before training: its content, samples that cannot be read, and samples that are there twice."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from zoo.data.base import Split

_ORDER = ("train", "val", "test")
_LISTED = 20  # problems of one kind


class FaultySample(Exception):
    """A sample with a problem: its kind, by which problems are counted, and the reason."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(reason)
        self.kind = kind


Examine = Callable[[Any, int], bytes]
"""Reads a sample of a split, by its index, and returns a digest that equal samples share; raises `FaultySample`."""


def check_samples(
    splits: Mapping[Split, Any],
    class_names: Sequence[str] | None,
    noun: str,
    examine: Examine,
    found: Mapping[str, str] | None = None,
) -> bool:
    """Reads every sample and prints the content and the problems of all splits; the labels are numbers without classes.

    Splits have `labels` and `sample_name`. `noun` names the samples, such as `images`; `found` are problems that are
    known before, by kind.

    Returns:
        True if every sample can be read, and none has two labels or lies in two splits.
    """
    problems: dict[str, list[str]] = defaultdict(list, {kind: [text] for kind, text in (found or {}).items()})
    places: dict[bytes, list[tuple[Split, float, str]]] = defaultdict(list)
    for split in sorted(splits, key=_ORDER.index):
        samples = splits[split]
        shown = ""
        if class_names is not None:
            counts = np.bincount(samples.labels, minlength=len(class_names))
            shown = "; " + ", ".join(f"{name} {count:,}" for name, count in zip(class_names, counts, strict=True))
        print(f"{split}: {len(samples):,} {noun}{shown}")
        for index, label in enumerate(samples.labels.tolist()):
            name = samples.sample_name(index)
            try:
                places[examine(samples, index)].append((split, label, name))
            except FaultySample as error:
                problems[error.kind].append(f"{name}: {error}")
    one = f"one {noun.removesuffix('s')}"
    several = f"{one} with several numbers" if class_names is None else f"{one} in several classes"
    for copies in places.values():
        where = ", ".join(name for *_, name in copies)
        if len({label for _, label, _ in copies}) > 1:
            problems[several].append(where)
        elif len({split for split, *_ in copies}) > 1:
            problems[f"{one} in several splits"].append(where)
        elif len(copies) > 1:
            problems[f"{one} several times"].append(where)
    for kind, lines in problems.items():
        print(f"{len(lines)} × {kind}")
        for line in lines[:_LISTED]:
            print(f"  {line}")
        if len(lines) > _LISTED:
            print(f"  … and {len(lines) - _LISTED} more")
    total = sum(map(len, problems.values()))
    print(f"{total} problem{'s' if total > 1 else ''}" if total else "no problems")
    return not total
