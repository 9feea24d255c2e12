"""What `zoo-check-data` examines in volumes."""

from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from zoo.data.sample_check import Examine, FaultySample
from zoo.data.volumes.base import is_empty
from zoo.data.volumes.datasets import VolumeList
from zoo.data.volumes.files import UnreadableVolume, read_header, read_stack, read_volume, to_tensor
from zoo.data.volumes.header import mismatches


def shape_problems(files: Sequence[Path], names: Sequence[str], *, stack: bool) -> dict[str, str]:
    """What differs between the headers of the readable files, by kind."""
    found = []
    for path, name in zip(files, names, strict=True):
        try:
            found.append((read_header(path, stack=stack), name))
        except UnreadableVolume:  # named when its voxels are read
            continue
    return mismatches(*zip(*found, strict=True)) if found else {}


def examine_volumes() -> Examine:
    """Reads a volume; finds broken and empty ones. A stack is read once for all its rows."""
    stack = lru_cache(maxsize=1)(read_stack)

    def examine(volumes: VolumeList, index: int) -> bytes:
        path, row = volumes.place(index)
        try:
            volume = read_volume(path) if row is None else to_tensor(stack(path)[row], path)
        except UnreadableVolume as error:
            raise FaultySample("broken volume", error.reason) from None
        if is_empty(volume[None]):
            raise FaultySample("empty volume", f"all voxels are {volume.flatten()[0].item():g}")
        return sha256(repr(volume.shape).encode() + volume.float().numpy().tobytes()).digest()

    return examine
