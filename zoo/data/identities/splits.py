"""Splits by identity: training, validation and test have no identity in common."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import Split
from zoo.errors import ZooError

SPLITS: tuple[Split, ...] = ("train", "val", "test")
_THUMBNAIL = 16  # pixels; hides small shifts, scalings and compression artifacts
_LIMIT = 20_000  # images compared per split


def split_identities(count: int, val: float, test: float, seed: int) -> dict[Split, Int[Tensor, " part"]]:
    """Splits 0 … `count` - 1 at random; `val` and `test` are fractions, rounded up to at least two identities.

    Raises:
        ZooError: fractions that leave fewer than two identities to a split.
    """
    val_size, test_size = max(2, round(count * val)), max(2, round(count * test))
    train = count - val_size - test_size
    if not (val > 0 and test > 0 and train >= 2):
        raise ZooError(
            f"{count} {'identity' if count == 1 else 'identities'} cannot be split with data.val={val} and "
            f"data.test={test}: each of train, val and test needs at least two, and val + test must be below 1"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    parts = order.split([train, val_size, test_size])
    return {name: part.sort().values for name, part in zip(SPLITS, parts, strict=True)}


def require_disjoint(identities: Mapping[str, Iterable[Hashable]]) -> None:
    """Checks that every identity is in one split only.

    Raises:
        ZooError: names an identity in two splits.
    """
    seen: dict[Hashable, str] = {}
    for split, names in identities.items():
        for name in set(names):
            if seen.setdefault(name, split) != split:
                raise ZooError(
                    f"identity `{name}` is in both {seen[name]} and {split}: a network that has learned a person "
                    f"cannot be tested on that person; move all of its images into one split"
                )


class NearDuplicate(NamedTuple):
    """Two images of different splits that look the same."""

    splits: tuple[str, str]
    rows: tuple[int, int]
    correlation: float


def near_duplicates(
    images: Mapping[str, UInt8[Tensor, "_ c h w"]], min_correlation: float = 0.99
) -> list[NearDuplicate]:
    """Pairs of images across splits whose gray thumbnails correlate at least this much, the most similar first."""
    thumbnails = {name: _thumbnails(split[:_LIMIT]) for name, split in images.items()}
    names = list(thumbnails)
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for start in range(0, len(thumbnails[first]), 1024):
                alike = thumbnails[first][start : start + 1024] @ thumbnails[second].T
                for a, b in (alike >= min_correlation).nonzero().tolist():
                    found.append(NearDuplicate((first, second), (start + a, b), float(alike[a, b])))
    return sorted(found, key=lambda pair: -pair.correlation)


def _thumbnails(images: UInt8[Tensor, "n c h w"]) -> Tensor:
    """Gray thumbnails without mean, scaled to length one; a uniform image correlates with no other."""
    parts: Sequence[Tensor] = [
        F.interpolate(part.float().mean(1, keepdim=True), size=_THUMBNAIL, mode="area").flatten(1)
        for part in images.split(1024)
    ]
    flat = torch.cat([*parts]) if parts else torch.zeros(0, _THUMBNAIL**2)
    return F.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1, eps=1.0)
