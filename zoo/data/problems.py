"""Lines about the problems of annotation files, whatever is annotated."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Protocol, runtime_checkable

_LISTED = 20  # problems of one kind


@runtime_checkable
class Problem(Protocol):
    """A problem of some kind in a file."""

    @property
    def file(self) -> str:
        """The file."""

    @property
    def kind(self) -> str:
        """One of a few words, by which problems are counted."""

    @property
    def message(self) -> str:
        """What is wrong."""


def summary(problems: Sequence[Problem]) -> list[str]:
    """A line for each kind of problem, the most frequent first, with an example."""
    lines = []
    for kind, count in Counter(problem.kind for problem in problems).most_common():
        first = next(problem for problem in problems if problem.kind == kind)
        lines.append(f"{count} × {kind}, e.g. {first.file}: {first.message}")
    return lines


def print_problems(problems: Sequence[Problem], harmless: Collection[str]) -> int:
    """Prints the problems by kind, and returns the number of those that are not harmless."""
    for kind, count in Counter(problem.kind for problem in problems).most_common():
        print(f"{count} × {kind}{' (harmless)' if kind in harmless else ''}")
        for problem in [p for p in problems if p.kind == kind][:_LISTED]:
            print(f"  {problem.file}: {problem.message}")
        if count > _LISTED:
            print(f"  … and {count - _LISTED} more")
    return sum(problem.kind not in harmless for problem in problems)
