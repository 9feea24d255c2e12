"""Cuts labeled samples into splits, with the same fraction of each class."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Int

from zoo.data.base import Split
from zoo.errors import ZooError


@runtime_checkable
class Labeled(Protocol):
    """Samples with class indices."""

    @property
    def labels(self) -> Int[np.ndarray, " n"]:
        """The class of each sample."""

    def part(self, indices: Int[np.ndarray, " m"]) -> Any:
        """The samples with these indices."""


_log = logging.getLogger(__name__)
T = TypeVar("T", bound=Labeled)


def cut_splits(
    given: Mapping[Split, T], class_names: Sequence[str], fractions: Mapping[Split, float], seed: int, noun: str
) -> dict[Split, T]:
    """Cuts the missing splits of `fractions` out of the training samples, with the same fraction of each class.

    `noun` names the samples in messages, such as `images`.

    Raises:
        ZooError: a class has too few samples to be in every split.
    """
    splits, train = dict(given), given["train"]
    missing = [name for name in fractions if name not in given]
    if len(given) > 1:
        for name in missing:
            _log.warning("no %s split is given: it takes %.0f %% of the training %s", name, 100 * fractions[name], noun)
    counts = np.bincount(train.labels, minlength=len(class_names))
    if counts.min() <= len(missing):
        fewest = class_names[int(counts.argmin())]
        raise ZooError(
            f"class `{fewest}` has {counts.min()} {noun}: at least {len(missing) + 1} are needed "
            f"to cut {' and '.join(missing)} out of the training {noun}"
        )
    left = 1.0
    for name in missing:
        rest, part = stratified_split(train.labels, fractions[name] / left, seed)
        splits[name], train = train.part(part), train.part(rest)
        left -= fractions[name]
    return {"train": train, "val": splits["val"], "test": splits["test"]}


def stratified_split(
    labels: Int[np.ndarray, " n"], fraction: float, seed: int
) -> tuple[Int[np.ndarray, " a"], Int[np.ndarray, " b"]]:
    """Sorted indices of two subsets; the second has `fraction` of each class, at least one sample and never all.

    Raises:
        ZooError: a class has a single sample, or `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ZooError(f"the fraction of a split (={fraction}) must be between 0 and 1")
    generator = np.random.default_rng(seed)
    in_second = np.zeros(len(labels), dtype=bool)
    names, counts = np.unique(labels, return_counts=True)
    indices_by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    for label, indices in zip(names, indices_by_class, strict=True):
        members = generator.permutation(indices)
        if len(members) < 2:
            raise ZooError(f"class {label} has a single sample, which cannot be in both parts of a split")
        in_second[members[: min(max(round(fraction * len(members)), 1), len(members) - 1)]] = True
    return np.flatnonzero(~in_second), np.flatnonzero(in_second)
