"""Images in memory in place of files: Pillow images, arrays, tensors, encoded bytes."""

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

import numpy as np
from jaxtyping import UInt8
from PIL import Image
from torch import Tensor

from zoo.data.images.decoding import decode, from_pillow
from zoo.errors import ZooError

_CHANNELS = (1, 3, 4)
_VALUES = "give integers from 0 to 255, or floating point from 0 to 1, before normalization"


@dataclass(frozen=True, eq=False)
class MemoryImage:
    """An image in memory, which stands where a path does."""

    name: str
    pixels: UInt8[Tensor, "c _ _"] | None = field(repr=False)
    """1 (gray) or 3 (RGB) channels, upright and on white; None for one that cannot be read."""
    error: str | None = None
    """Why it cannot be read."""

    @property
    def stem(self) -> str:
        """The name without its last ending, as of a path."""
        return PurePosixPath(self.name).stem

    def __str__(self) -> str:
        return self.name


def is_image(value: Any) -> bool:
    """Whether `memory_images` reads the value."""
    return isinstance(value, bytes | bytearray | Image.Image | np.ndarray | Tensor)


def memory_images(value: Any, name: str) -> list[MemoryImage]:
    """Reads encoded bytes, a Pillow image, or an array or tensor of one image or of a batch (4 dimensions).

    Arrays and tensors are [H W], [H W C] or [C H W] with gray, RGB or RGBA values: integers from 0 to 255, or floating
    point from 0 to 1. If both ends may be channels, an array has them last and a tensor first.

    Raises:
        ZooError: another shape or dtype, or values out of range.
    """
    if isinstance(value, bytes | bytearray):
        return [MemoryImage(name, decode(bytes(value)))]
    if isinstance(value, Image.Image):
        return [MemoryImage(name, from_pillow(value))]
    array = _array(value, name) if isinstance(value, Tensor) else value
    if array.ndim == 4:
        if not len(array):
            raise ZooError(f"{name} has the shape {tuple(array.shape)}: it holds no image")
        first = isinstance(value, Tensor)
        return [MemoryImage(f"{name}_{i}", _pixels(each, first, name)) for i, each in enumerate(array)]
    return [MemoryImage(name, _pixels(array, isinstance(value, Tensor), name))]


def _array(tensor: Tensor, name: str) -> np.ndarray:
    if tensor.is_meta or tensor.is_sparse or tensor.is_quantized:
        raise ZooError(f"{name} is a meta, sparse or quantized tensor: {_VALUES}")
    tensor = tensor.detach().cpu().resolve_conj()
    short = tensor.is_floating_point() and tensor.itemsize < 4  # NumPy knows neither bfloat16 nor the types of 8 bits
    found: np.ndarray = (tensor.float() if short else tensor).numpy()
    return found


def _pixels(array: np.ndarray, channels_first: bool, name: str) -> UInt8[Tensor, "c _ _"]:
    shape = array.shape
    if array.ndim == 3:
        first, last = shape[0] in _CHANNELS, shape[2] in _CHANNELS
        if first and (channels_first or not last):
            array = array.transpose(1, 2, 0)
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in _CHANNELS) or not array.size:
        raise ZooError(f"{name} has the shape {shape}: an image has [H W], [H W C] or [C H W] with 1, 3 or 4 channels")
    array = _to_bytes(array, name)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    return from_pillow(Image.fromarray(np.ascontiguousarray(array)))


def _to_bytes(array: np.ndarray, name: str) -> np.ndarray:
    if array.dtype.kind not in "iuf":
        raise ZooError(f"{name} has {array.dtype} values: {_VALUES}")
    low, high = float(array.min()), float(array.max())
    white = 1.0 if array.dtype.kind == "f" else 255.0
    if not (low >= 0 and high <= white):
        raise ZooError(f"{name} has {array.dtype} values from {low:g} to {high:g}: {_VALUES}")
    return (array * 255.0).round().astype(np.uint8) if white == 1.0 else array.astype(np.uint8)
