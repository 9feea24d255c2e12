"""What a task tells the training doctor about its outputs."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple


class Chance(NamedTuple):
    """The loss of a model that reads no input."""

    value: float
    name: str
    """In words: `ln 10`."""
    advice: str
    metric: str = "val/loss"
    """The logged loss that is compared with it."""
    steps: float = float("inf")
    """Steps after which a loss still at `value` is a finding, before a third of training is over."""


class ClassCounts(NamedTuple):
    """How often each class was predicted in a validation, and how often it is the label."""

    predicted: Sequence[int]
    labels: Sequence[int]
    names: Sequence[str]


class Diagnosable:
    """Evidence for `zoo.run.doctor`; a task overrides what it has."""

    comparable_losses: bool = True
    """False if the training loss has terms that the validation loss lacks, or other samples, such as mined triplets."""

    def chance(self) -> Chance | None:
        """The loss of a model that reads no input; None if it is unknown."""
        return None

    def class_counts(self) -> ClassCounts | None:
        """The counts of the validation that is about to end, of this process; None without classes."""
        return None

    def signs_of_collapse(self, values: Mapping[str, float]) -> list[str]:
        """Signs in the logged values of an epoch that all outputs are equal, in words; empty if there are none."""
        return []

    def collapse_advice(self) -> str:
        """What to try after a collapse."""
        return "lower optimizer.lr"

    def suspect_labels(self, test: Any) -> list[str]:
        """Samples of the last test on the split `test`, in words, whose label looks wrong; empty if there are none."""
        return []
