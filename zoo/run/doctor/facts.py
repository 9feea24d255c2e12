"""What the doctor knows about a training run at the end of an epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from zoo.tasks.diagnosable import Chance, ClassCounts

_SETTLED = 1 / 3
LEAST_STEPS = 100


class Layer(NamedTuple):
    """The gradients of the weights of a layer, over the sampled steps."""

    name: str
    gradient: float
    """Root mean square over weights and steps."""
    units: int = 0
    """Number of output units; 0 where the rows of the weights are no units."""
    dead: int = 0
    """Units whose weights had no gradient in any step."""


@dataclass(frozen=True, kw_only=True)
class Facts:
    """The facts of an epoch; a field that is left out is unknown."""

    steps: int = 0
    """Optimizer steps since the start of training."""
    fraction: float = 0.0
    """The part of training that is over, in [0, 1]."""
    least_steps: int = LEAST_STEPS
    """Steps before outputs on the validation split are judged."""
    history: Sequence[Mapping[str, float]] = ()
    """`train/loss`, `val/loss` and the loss of `chance` of every epoch, this one last."""
    harder: bool = False
    """Whether training is harder than validation: dropout, augmentation, or another loss."""
    chance: Chance | None = None
    classes: ClassCounts | None = None
    collapse: Sequence[str] = ()
    collapse_advice: str = ""
    layers: Sequence[Layer] = ()
    first_layers: Sequence[Layer] = ()
    """The layers when they were first sampled."""
    loss_scale: float | None = None
    """Of the gradient scaler of half precision."""
    waiting: float = 0.0
    """Fraction of the epoch that was spent waiting for data."""
    seconds: float = 0.0
    loading_advice: Sequence[str] = ()
    drifted: Sequence[str] = ()
    """Names of batch norms whose weights are frozen and whose statistics have moved."""
    unchanged: bool = False
    """Whether every weight has the value that it had before the epoch."""

    @property
    def settled(self) -> bool:
        """Whether a third of training is over, and at least `least_steps`."""
        return self.steps >= self.least_steps and self.fraction >= _SETTLED

    def losses(self, name: str) -> list[float]:
        """The values of a logged loss, one for each epoch that has it; none if one is not finite."""
        values = [values[name] for values in self.history if name in values]
        return values if all(map(isfinite, values)) else []


class Finding(NamedTuple):
    """One fault."""

    name: str
    """In one or two words, for the report."""
    text: str
    """What was seen."""
    advice: str
    """What to try."""

    def __str__(self) -> str:
        return f"{self.text}: {self.advice}"
