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
Indices = dict[Split, Int[np.ndarray, " _"]]


def cut_splits(
    given: Mapping[Split, T], class_names: Sequence[str], fractions: Mapping[Split, float], seed: int, noun: str
) -> dict[Split, T]:
    """Cuts the missing splits of `fractions` out of the training samples, with the same fraction of each class.

    `noun` names the samples in messages, such as `images`.

    Raises:
        ZooError: a class has too few samples to be in every split.
    """
    train = given["train"]
    missing = [name for name in fractions if name not in given]
    if len(given) > 1:
        for name in missing:
            _log.warning("no %s split is given: it takes %.0f %% of the training %s", name, 100 * fractions[name], noun)
    counts = np.bincount(train.labels, minlength=len(class_names))
    if counts.min() <= len(missing):
        fewest = class_names[int(counts.argmin())]
        few = f"{counts.min()} {noun.removesuffix('s') if counts.min() == 1 else noun}"
        raise ZooError(
            f"class `{fewest}` has {few}: at least {len(missing) + 1} are needed "
            f"to cut {' and '.join(missing)} out of the training {noun}"
        )
    cut = stratified_splits(train.labels, {name: fractions[name] for name in missing}, seed)
    found = dict(given) | {name: train.part(indices) for name, indices in cut.items()}
    return {name: found[name] for name in ("train", "val", "test")}


def stratified_splits(labels: Int[np.ndarray, " n"], fractions: Mapping[Split, float], seed: int) -> Indices:
    """Sorted indices of the splits in `fractions` and of training, each with the same fraction of every class.

    Every class is in every split.

    Raises:
        ZooError: a class has fewer samples than there are splits.
    """
    found, rest, left = Indices(), np.arange(len(labels)), 1.0
    for later, (name, fraction) in zip(range(len(fractions), 0, -1), fractions.items(), strict=True):
        kept, part = stratified_split(labels[rest], fraction / left, seed, keep=later)
        found[name], rest, left = rest[part], rest[kept], left - fraction
    return found | {"train": rest}


def stratified_split(
    labels: Int[np.ndarray, " n"], fraction: float, seed: int, *, keep: int = 1
) -> tuple[Int[np.ndarray, " a"], Int[np.ndarray, " b"]]:
    """Sorted indices of two subsets; the second has `fraction` of each class, at least one sample.

    The first keeps at least `keep` samples of each class, for later cuts.

    Raises:
        ZooError: a class has at most `keep` samples, or `fraction` is not between 0 and 1.
    """
    if not 0 < fraction < 1:
        raise ZooError(f"the fraction of a split (={fraction}) must be between 0 and 1")
    generator = np.random.default_rng(seed)
    in_second = np.zeros(len(labels), dtype=bool)
    names, counts = np.unique(labels, return_counts=True)
    indices_by_class = np.split(np.argsort(labels, kind="stable"), np.cumsum(counts)[:-1])
    for label, indices in zip(names, indices_by_class, strict=True):
        members = generator.permutation(indices)
        if len(members) <= keep:
            raise ZooError(f"class {label} has too few samples ({len(members)}) to be in every part of a split")
        in_second[members[: min(max(round(fraction * len(members)), 1), len(members) - keep)]] = True
    return np.flatnonzero(~in_second), np.flatnonzero(in_second)
