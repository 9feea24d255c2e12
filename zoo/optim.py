"""Parameter groups and learning-rate schedules."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.optim import Optimizer

from zoo.errors import ZooError

Schedule = Callable[[float], float]
"""Maps training progress in [0, 1] to the factor of the learning rate."""


def weight_decay_groups(module: nn.Module) -> list[dict[str, Any]]:
    """Splits the trainable parameters into a group with weight decay and one without, for norms and biases.

    Source: He et al., "Bag of Tricks for Image Classification", 2018, arXiv:1812.01187, section 3.1.
    """
    trainable = [parameter for parameter in module.parameters() if parameter.requires_grad]
    groups: list[dict[str, Any]] = [
        {"params": [p for p in trainable if p.ndim > 1]},
        {"params": [p for p in trainable if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return [group for group in groups if group["params"]]


def merge_param_groups(optimizer: Optimizer) -> None:
    """Merges parameter groups with equal options in place, since each group costs time in every step."""
    merged: list[dict[str, Any]] = []
    for group in optimizer.param_groups:
        equal = next((other for other in merged if _options(other) == _options(group)), None)
        if equal is None:
            merged.append(group)
        else:
            equal["params"] = [*equal["params"], *group["params"]]
    optimizer.param_groups = merged


def _options(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}


@dataclass(frozen=True, kw_only=True)
class Constant:
    """A constant learning rate."""

    def __call__(self, progress: float) -> float:
        """Returns the factor at `progress`."""
        return 1.0


@dataclass(frozen=True, kw_only=True)
class OneCycle:
    """One-cycle schedule: cosine from `start` to 1 in the first `warmup` of training, then cosine to `final`.

    Source: Smith and Topin, "Super-Convergence", 2017, arXiv:1708.07120; without its cycle of the momentum.
    """

    warmup: float
    start: float
    final: float

    def __post_init__(self) -> None:
        _require_fraction("warmup", self.warmup)
        _require_rate("start", self.start)
        _require_rate("final", self.final)

    def __call__(self, progress: float) -> float:
        """Returns the factor at `progress`."""
        if progress < self.warmup:
            return _cosine(self.start, 1.0, progress / self.warmup)
        return _cosine(1.0, self.final, (progress - self.warmup) / (1.0 - self.warmup))


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """Cosine annealing: linear warm-up from 0 in the first `warmup` of training, then cosine to `final`.

    Source: Loshchilov and Hutter, "SGDR", 2016, arXiv:1608.03983, without restarts.
    """

    warmup: float
    final: float

    def __post_init__(self) -> None:
        _require_fraction("warmup", self.warmup)
        _require_rate("final", self.final)

    def __call__(self, progress: float) -> float:
        """Returns the factor at `progress`, at least 1e-3 during warm-up, so that the first step has an effect."""
        if progress < self.warmup:
            return max(progress / self.warmup, 1e-3)
        return _cosine(1.0, self.final, (progress - self.warmup) / (1.0 - self.warmup))


@dataclass(frozen=True, kw_only=True)
class Step:
    """Step schedule: multiplies the learning rate by `factor` at each of `milestones`, fractions of training."""

    milestones: list[float]
    factor: float

    def __post_init__(self) -> None:
        for milestone in self.milestones:
            _require_fraction("milestones", milestone)
        _require_rate("factor", self.factor)

    def __call__(self, progress: float) -> float:
        """Returns the factor at `progress`."""
        return self.factor ** sum(progress >= milestone for milestone in self.milestones)


@dataclass(frozen=True, kw_only=True)
class Plateau:
    """Multiplies the learning rate by `factor` after `patience` epochs without improvement of the monitored metric."""

    factor: float
    patience: int
    min_lr: float

    def __post_init__(self) -> None:
        if not 0.0 < self.factor < 1.0:
            raise ZooError(f"`scheduler.factor` (={self.factor}) must lie in (0, 1): it lowers the learning rate")
        _require_rate("min_lr", self.min_lr)
        if self.patience < 0:
            raise ZooError(f"`scheduler.patience` (={self.patience}) must be at least 0")


def _cosine(start: float, end: float, fraction: float) -> float:
    return end + (start - end) * (1.0 + math.cos(math.pi * fraction)) / 2.0


def _require_fraction(name: str, value: float) -> None:
    if not 0.0 <= value < 1.0:
        raise ZooError(f"`scheduler.{name}` (={value}) must lie in [0, 1): it is a fraction of training")


def _require_rate(name: str, value: float) -> None:
    if not 0.0 <= value < math.inf:
        raise ZooError(f"`scheduler.{name}` (={value}) must be a finite number of at least 0: rates are not negative")
