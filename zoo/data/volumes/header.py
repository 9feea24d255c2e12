"""What the header of a volume file tells, before its voxels are read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

CHANNELS = 16
"""A first axis above it is a stack of volumes rather than channels."""
_COLORS = 4  # a last axis up to it, after longer ones, holds channels
_GROUPS, _NAMED = 5, 3  # listed values, and files named for each


class Header(NamedTuple):
    """Shape and units of a volume or a stack of volumes."""

    shape: tuple[int, ...]
    """[D H W], [C D H W], or [N C D H W] of a stack."""
    bytes_per_voxel: int
    """As read: 1 of bytes and Booleans, 4 of other numbers."""
    voxel_size: str = ""
    """Depth, height and width of a voxel in the unit of the file, mostly mm; empty if the format has none."""


def bytes_per_voxel(dtype: np.dtype) -> int:
    """Bytes in memory of a value that is read as byte or float32."""
    return 1 if dtype in (np.uint8, np.bool_) else 4


def require_bytes(size: int, most: int) -> None:
    """Refuses an array of `size` bytes if that is more than `most`.

    Raises:
        ValueError: it is.
    """
    if size > most:
        raise ValueError(
            f"its header promises {size / 2**30:.1f} GiB; at most {most / 2**30:.2g} are read from a file of its size"
        )


def sides(size: Sequence[object]) -> str:
    """Returns a size as text, `32×32×32`."""
    return "×".join(map(str, size))


def channels(count: int) -> str:
    """Returns a number of channels as text.

    >>> channels(1), channels(3)
    ('1 channel', '3 channels')
    """
    return f"{count} channel{'' if count == 1 else 's'}"


def has_channels_last(shape: Sequence[int]) -> bool:
    """Whether the last of four axes looks like channels: at most 4, after longer ones.

    >>> has_channels_last([16, 16, 16, 1]), has_channels_last([3, 16, 16, 16])
    (True, False)
    """
    return len(shape) == 4 and shape[-1] <= _COLORS < min(shape[:-1])


SIZES = "different sizes"
CHANNEL_COUNTS = "different numbers of channels"
VOXEL_SIZES = "different voxel sizes"


def mismatches(headers: Sequence[Header], names: Sequence[str]) -> dict[str, str]:
    """The different values and their files, for those of `SIZES`, `CHANNEL_COUNTS` and `VOXEL_SIZES` that differ."""
    rows = list(zip(headers, names, strict=True))
    found = {
        CHANNEL_COUNTS: [(channels(header.shape[-4]), name) for header, name in rows],
        SIZES: [(sides(header.shape[-3:]), name) for header, name in rows],
        VOXEL_SIZES: [(header.voxel_size, name) for header, name in rows if header.voxel_size],
    }
    listed = {kind: differences(*zip(*pairs, strict=True)) for kind, pairs in found.items() if pairs}
    return {kind: text for kind, text in listed.items() if text}


def differences(values: Sequence[str], names: Sequence[str]) -> str:
    """Lists the different values with the files that have them, the most frequent first; empty if all are equal.

    >>> differences(["4×4×4", "4×4×5", "4×4×4"], ["a.npy", "b.npy", "c.npy"])
    '4×4×4 in 2 files (a.npy, c.npy), 4×4×5 in 1 file (b.npy)'
    """
    groups: dict[str, list[str]] = {}
    for value, name in zip(values, names, strict=True):
        groups.setdefault(value, []).append(name)
    if len(groups) < 2:
        return ""
    found = sorted(groups.items(), key=lambda group: -len(group[1]))
    listed = [
        f"{value} in {len(files)} file{'' if len(files) == 1 else 's'} "
        f"({', '.join(files[:_NAMED])}{', …' if len(files) > _NAMED else ''})"
        for value, files in found[:_GROUPS]
    ]
    return ", ".join(listed) + (f" and {len(found) - _GROUPS} more" if len(found) > _GROUPS else "")
