"""Cuts validation and test splits out of the samples of one file."""

from dataclasses import replace

import torch

from zoo.data.landmarks.samples import PointSet, Problem, Sample
from zoo.data.problems import summary
from zoo.data.split_names import split_of
from zoo.errors import ZooError


def split_up(splits: dict[str, PointSet], *, val: float, test: float, seed: int) -> None:
    """Adds the missing splits to `splits`: by the samples' own names, or else at random, in whole groups.

    Samples of one `group`, or without one of one image, stay in one split.

    Raises:
        ZooError: a name that is no split, or too few groups to fill the splits.
    """
    train = splits["train"]
    named = [sample for sample in train.samples if sample.split]
    missing = [split for split in ("val", "test") if split not in splits]
    if not missing:
        return
    if named:
        parts: dict[str, list[Sample]] = {"train": [], "val": [], "test": []}
        for sample in train.samples:
            own = split_of(sample.split) if sample.split else None
            if own is None:
                where = f"{sample.where} of {sample.path.name}" if sample.where else sample.path.name
                raise ZooError(f"{where}: the split {sample.split!r} is none of train, val, test")
            parts[own].append(sample)
        train.problems += _torn_groups(parts)
        how = "by the column `split`"
        fractions = {}
        missing = [split for split in missing if parts[split]]
        absent = [split for split in ("val", "test") if split not in splits and split not in missing]
    else:
        parts, fractions, how, absent = {"train": train.samples}, {"val": val, "test": test}, "", missing
    if absent:
        fractions = {"val": val, "test": test}
        parts |= _drawn(replace(train, samples=parts["train"]), {split: fractions[split] for split in absent}, seed)
        how += f"{' and ' if how else ''}at random in whole groups"
    for split in ("val", "test"):
        if split not in splits:
            splits[split] = replace(train, samples=parts[split], problems=[], notes=[])
    train.samples = parts["train"]
    counts = ", ".join(f"{split} {len(splits[split].samples):,}" for split in ("train", "val", "test"))
    train.notes.append(f"splits are cut {how}: {counts} objects")


def _torn_groups(parts: dict[str, list[Sample]]) -> list[Problem]:
    """Problems for groups in two splits; removes them from the earlier one (train, val, test)."""
    problems, later = [], dict[str, str]()
    for split in ("test", "val", "train"):
        torn = {sample.group for sample in parts[split]} & later.keys()
        for group in sorted(torn):
            message = f"the group {group!r} is in {split} and {later[group]}"
            problems.append(Problem("all", "group in two splits", message))
        parts[split] = [sample for sample in parts[split] if sample.group not in torn]
        later |= {sample.group: split for sample in parts[split] if sample.group}
    return problems


def _drawn(train: PointSet, fractions: dict[str, float], seed: int) -> dict[str, list[Sample]]:
    samples = train.samples
    if not samples:  # the reasons are among the problems
        return {split: [] for split in ("train", *fractions)}
    groups: dict[str, list[Sample]] = {}
    for sample in samples:
        groups.setdefault(f"group {sample.group}" if sample.group else str(sample.path), []).append(sample)
    names = list(groups)
    if len(names) < len(fractions) + 1:
        reasons = f": {'; '.join(summary(train.problems))}" if train.problems else ""
        kept = " and ".join(fractions)
        raise ZooError(f"{len(names)} images or groups are too few to keep some for {kept}{reasons}")
    order = torch.randperm(len(names), generator=torch.Generator().manual_seed(seed)).tolist()
    parts: dict[str, list[Sample]] = {}
    start = 0
    for split, fraction in fractions.items():
        count = max(1, round(fraction * len(names)))
        parts[split] = [sample for i in sorted(order[start : start + count]) for sample in groups[names[i]]]
        start += count
    parts["train"] = [sample for i in sorted(order[start:]) for sample in groups[names[i]]]
    return parts
