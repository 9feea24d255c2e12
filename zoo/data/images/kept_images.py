"""Square images that are decoded at their first use."""

from abc import ABC, abstractmethod

from jaxtyping import UInt8
from torch import Tensor

_MEMORY = 2 * 1024**3  # bytes; larger splits are decoded again in every epoch


class KeptImages(ABC):
    """`count` RGB images of `size` × `size` pixels, which stay in memory after the first use if all fit."""

    def __init__(self, count: int, size: int) -> None:
        self.count = count
        self.size = size
        self.in_memory = count * 3 * size * size <= _MEMORY
        self._kept: dict[int, Tensor] = {}

    def __len__(self) -> int:
        return self.count

    @abstractmethod
    def decode(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """Reads an image from its file."""

    def image(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """An image."""
        if index in self._kept:
            return self._kept[index]
        decoded = self.decode(index)
        if self.in_memory:
            self._kept[index] = decoded
        return decoded
