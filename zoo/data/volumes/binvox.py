"""Reads binvox files."""

from pathlib import Path

import numpy as np
from jaxtyping import UInt8

from zoo.data.volumes.header import Header

_MAX_SIDE = 1024  # of the format's own program
_MAX_HEADER = 1_000


def read_binvox(path: Path, *, most: int) -> UInt8[np.ndarray, "d h w"]:
    """Reads an occupancy grid of at most `most` voxels, 0 or 1 each, as [D H W] = (z, y, x).

    The format: a text header with the line `dim DEPTH HEIGHT WIDTH`, and after `data` pairs of bytes, a value and how
    often it repeats. Source: Min, binvox, https://www.patrickmin.com/binvox/binvox.html.

    Raises:
        ValueError: another format, or runs that do not fill the grid.
    """
    content = path.read_bytes()
    sides, start = _header(content[:_MAX_HEADER])
    runs = content[start:]
    pairs = np.frombuffer(runs[: len(runs) // 2 * 2], dtype=np.uint8).reshape(-1, 2)
    counts = pairs[:, 1].astype(np.int64)
    if counts.sum() != np.prod(sides):
        raise ValueError(f"its runs hold {counts.sum():,} voxels, and its header promises {np.prod(sides):,}")
    if counts.sum() > most:
        raise ValueError(f"it has {counts.sum():,} voxels; at most {most:,} are read from a file of its size")
    grid = np.repeat((pairs[:, 0] != 0).astype(np.uint8), counts).reshape(sides)  # x, z, y: y varies fastest
    return np.ascontiguousarray(grid.transpose(1, 2, 0))


def binvox_header(path: Path) -> Header:
    """The shape of what `read_binvox` returns.

    Raises:
        ValueError: another format.
    """
    with path.open("rb") as file:
        (x, z, y), _ = _header(file.read(_MAX_HEADER))
    return Header((z, y, x), 1)


def _header(start: bytes) -> tuple[list[int], int]:
    """The sides in the order of the file, and the length of the header."""
    head, found, _ = start.partition(b"\ndata\n")
    if not start.startswith(b"#binvox") or not found:
        raise ValueError("it has no binvox header")
    dims = next((line.split()[1:] for line in head.splitlines() if line.startswith(b"dim ")), [])
    if len(dims) != 3 or not all(dim.isdigit() and 0 < int(dim) <= _MAX_SIDE for dim in dims):
        raise ValueError(f"its line `dim` must have three sides from 1 to {_MAX_SIDE}")
    return [int(dim) for dim in dims], len(head) + len(found)
