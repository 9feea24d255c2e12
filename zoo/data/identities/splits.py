"""Splits by identity: who is learned from, who chooses the threshold, and who is tested on are different people."""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple

import torch
from jaxtyping import Int, UInt8
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import Split
from zoo.errors import ZooError

SPLITS: tuple[Split, ...] = ("train", "val", "test")
_THUMBNAIL = 16  # pixels: small shifts, scalings and compressions no longer show
_LIMIT = 20_000  # pictures of a split that are compared


def split_identities(count: int, val: float, test: float, seed: int) -> dict[Split, Int[Tensor, " part"]]:
    """The numbers below `count` dealt out at random; `val` and `test` are shares, at least two identities each.

    Raises:
        ZooError: shares that leave fewer than two identities to a split.
    """
    val_size, test_size = max(2, round(count * val)), max(2, round(count * test))
    train = count - val_size - test_size
    if not (val > 0 and test > 0 and train >= 2):
        raise ZooError(
            f"{count} identities cannot be split with data.val={val} and data.test={test}: "
            f"each of train, val and test needs at least two, and val + test must be below 1"
        )
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    parts = order.split([train, val_size, test_size])
    return {name: part.sort().values for name, part in zip(SPLITS, parts, strict=True)}


def require_disjoint(identities: Mapping[str, Iterable[Hashable]]) -> None:
    """Refuses an identity that is in two splits.

    Raises:
        ZooError: naming the splits and an identity.
    """
    seen: dict[Hashable, str] = {}
    for split, names in identities.items():
        for name in set(names):
            if seen.setdefault(name, split) != split:
                raise ZooError(
                    f"identity `{name}` is in both {seen[name]} and {split}: a network that has learned a person "
                    f"cannot be tested on that person; move all of its pictures into one split"
                )


class NearDuplicate(NamedTuple):
    """Two pictures of different splits that look the same."""

    splits: tuple[str, str]
    rows: tuple[int, int]
    correlation: float


def near_duplicates(
    images: Mapping[str, UInt8[Tensor, "_ c h w"]], least_correlation: float = 0.99
) -> list[NearDuplicate]:
    """Pairs of pictures across splits whose grey thumbnails correlate so much, the most alike first."""
    thumbnails = {name: _thumbnails(pictures[:_LIMIT]) for name, pictures in images.items()}
    names = list(thumbnails)
    found = []
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            for start in range(0, len(thumbnails[first]), 1024):
                alike = thumbnails[first][start : start + 1024] @ thumbnails[second].T
                for a, b in (alike >= least_correlation).nonzero().tolist():
                    found.append(NearDuplicate((first, second), (start + a, b), float(alike[a, b])))
    return sorted(found, key=lambda pair: -pair.correlation)


def _thumbnails(images: UInt8[Tensor, "n c h w"]) -> Tensor:
    """Grey, small, without mean and of length one. A picture of a single grey is like no other."""
    parts: Sequence[Tensor] = [
        F.interpolate(part.float().mean(1, keepdim=True), size=_THUMBNAIL, mode="area").flatten(1)
        for part in images.split(1024)
    ]
    flat = torch.cat([*parts]) if parts else torch.zeros(0, _THUMBNAIL**2)
    return F.normalize(flat - flat.mean(dim=1, keepdim=True), dim=1, eps=1.0)
