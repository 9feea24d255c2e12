"""Decodes images into 1 or 3 channels of 8 bits, upright and without transparency."""

import io
import logging
import re
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Shaped, UInt8
from PIL import Image, ImageOps
from torch import Tensor
from torch.utils.data import get_worker_info

_log = logging.getLogger(__name__)
ORIENTATION = 0x0112  # the EXIF tag
MAX_PIXELS = 50_000_000
"""Of an image file: 150 MB as RGB, several times that while it is decoded. Pillow's own guard is at 89 million."""
# Those of `files.EXTENSIONS`. Pillow opens others by running programs, as Ghostscript for EPS.
_FORMATS = ("AVIF", "BMP", "DIB", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TGA", "TIFF", "WEBP")
_SLOW = {"JPEG2000": 2}  # times as many pixels count: they take ten times as long to decode
_AT_ONCE = 1 << 20  # pixels that are scaled together: in floating point they take eight times their space
_WHITES = (255.0, 1023.0, 4095.0, 16383.0, 65535.0)  # of 8 to 16 bits: cameras store 10, 12 or 14 in files of 16
_OVERSHOOT = 2.0  # floating point that exceeds 1 a little, as after resampling, is clipped
_SCANNED = 1_500_000_000  # pixels of a JPEG file times its scans: a scan of ten bytes may go over all of them
_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd8\xff]", re.DOTALL)  # of a JPEG file, before the length of its segment
_SCAN, _END = b"\xff\xda", b"\xff\xd9"
_PNG_DEPTH, _PNG_ALPHA = 24, (4, 6)  # place of the bits of a PNG file, before the kind of its color

# By Pillow's format name. Both raise on a damaged file, where torchvision.io.decode_image crashes the process.
_DECODERS: dict[str, Callable[..., Any]] = {}
with suppress(ImportError, OSError, RuntimeError):  # not built for this platform or version of torch
    from torchcodec.decoders import decode_jpeg, decode_png

    _DECODERS = {"JPEG": decode_jpeg, "PNG": decode_png}


def jpeg_decoder() -> str:
    """Returns the name of the package that decodes JPEG files here."""
    return "torchcodec" if "JPEG" in _DECODERS else "Pillow"


class OddValues(ValueError):
    """Pixels that no gray is: negative, not a number, or above 65,535."""


class TooManyPixels(Exception):
    """An image of more than `most` pixels."""

    def __init__(self, most: int = MAX_PIXELS) -> None:
        super().__init__(f"more than {most:,} pixels, the guard against decompression bombs")


def open_image(file: Any) -> Image.Image:
    """Reads the header of an image and checks its size; nothing is decoded.

    Raises:
        TooManyPixels: more than `MAX_PIXELS`, of JPEG 2000 more than half of them.
    """
    opened = Image.open(file, formats=_formats())
    most = MAX_PIXELS // _SLOW.get(str(opened.format), 1)
    if opened.width * opened.height > most:
        raise TooManyPixels(most)
    return opened


@cache
def _formats() -> list[str]:
    Image.init()
    return [name for name in _FORMATS if name in Image.OPEN]  # Pillow may be built without some


def decode(data: bytes) -> UInt8[Tensor, "c h w"]:
    """Decodes into 1 or 3 channels.

    Raises:
        ValueError: a JPEG file of absurdly many scans.
        Exception: any other, of a damaged file.
    """
    opened = open_image(io.BytesIO(data))
    _require_few_scans(opened, data)
    _log_shallow(opened, data)
    if _is_plain(opened, data):
        buffer = torch.frombuffer(bytearray(data), dtype=torch.uint8)
        try:
            image = _DECODERS[str(opened.format)](buffer, mode="UNCHANGED", output_dtype="auto")
        except RuntimeError:  # a damaged file: Pillow reports the reason
            return from_pillow(opened)
        if image.dtype == torch.uint8:
            return image
        if (deep := image.numpy()).max() <= _WHITES[-2]:  # else Pillow drops the lower 8 of the 16 bits
            return torch.from_numpy(_to_bytes(deep))
    return from_pillow(opened)


def _require_few_scans(image: Image.Image, data: bytes) -> None:
    most = _SCANNED // (image.width * image.height)
    if not data.startswith(b"\xff\xd8") or data.count(_SCAN) <= most:
        return
    place, count = 2, 0
    while (found := _MARKER.search(data, place)) and found[0] != _END:
        count += found[0] == _SCAN
        place = found.end() + int.from_bytes(data[found.end() : found.end() + 2])
    if count > most:
        raise ValueError(f"{count:,} scans, and at most {most:,} are read at this size")


def _log_shallow(image: Image.Image, data: bytes) -> None:
    """Logs once that Pillow drops the lower 8 of 16 bits."""
    if image.format == "TIFF" and image.mode.startswith("RGB"):
        deep = bool(np.max(image.tag_v2.get(258, 8)) > 8)  # type: ignore[attr-defined]
    else:
        deep = image.format == "PNG" and data[_PNG_DEPTH] > 8 and data[_PNG_DEPTH + 1] in _PNG_ALPHA
    if deep:
        _log_upper_bits(str(image.format))


def _is_plain(image: Image.Image, data: bytes) -> bool:
    """Whether a fast decoder gives the final pixels: no rotation, no palette, no transparency."""
    if image.format not in _DECODERS or image.mode not in ("L", "RGB"):
        return False
    if "transparency" in image.info:
        return False
    # Pillow decodes a PNG file to find out that it has no EXIF: search for the names first.
    if any(name in data for name in (b"Exif", b"eXIf", b"exif", b"tiff:Orientation")):
        return image.getexif().get(ORIENTATION, 1) == 1
    return True


def from_pillow(image: Image.Image) -> UInt8[Tensor, "c h w"]:
    """Converts a Pillow image of any mode to 1 or 3 channels of 8 bits, upright and on white."""
    image.load()  # turns a TIFF
    if image.getexif().get(ORIENTATION, 1) != 1:
        image = ImageOps.exif_transpose(image)
    if image.mode in ("I", "F") or image.mode.startswith("I;"):
        return _deep_gray(np.asarray(image))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    if image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    pixels = torch.from_numpy(np.array(image))
    return pixels[None] if pixels.ndim == 2 else pixels.permute(2, 0, 1).contiguous()


def _deep_gray(pixels: np.ndarray) -> UInt8[Tensor, "1 h w"]:
    return torch.from_numpy(_to_bytes(pixels))[None]


def _to_bytes(pixels: Shaped[np.ndarray, "*n"]) -> UInt8[np.ndarray, "*n"]:
    """Scales pixels of more than 8 bits, or of floating point, to 8 bits; `white_of` gives the white."""
    white = white_of(float(pixels.min()), float(pixels.max()), is_float=pixels.dtype.kind == "f")
    scaled = np.empty(pixels.shape, np.uint8)
    flat, target = pixels.reshape(-1), scaled.reshape(-1)
    for start in range(0, len(flat), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        target[part] = (flat[part] * (255 / white)).clip(0, 255).round()
    return scaled


def white_of(low: float, high: float, *, is_float: bool) -> float:
    """The value of white, from the range of the pixels: that of the smallest of 8, 10, … 16 bits that holds them.

    Floating point up to 2 has its white at 1. A white other than 65,535 and 1 is logged once, and so are images of
    several whites: a dark one among them looks brighter than it is.

    Raises:
        OddValues: values that are negative, not a number, or above 65,535.
    """
    if not (low >= 0 and high <= _WHITES[-1]):  # also true for NaN
        raise OddValues(f"it has gray values from {low:g} to {high:g}, where 0 to {_WHITES[-1]:g} was expected")
    white = 1.0 if is_float and high <= _OVERSHOOT else next(value for value in _WHITES if high <= value)
    if high > 0 and not high <= white == 1.0:
        _log_white(white, is_float)
    return white


@cache
def _log_upper_bits(kind: str) -> None:
    if _is_first_worker():
        _log.warning("color %s images of 16 bits are read by their upper 8 bits: those of 12 bits are dark", kind)


def _is_first_worker() -> bool:
    worker = get_worker_info()
    return worker is None or worker.id == 0


@cache
def _log_white(white: float, is_float: bool) -> None:
    if not _is_first_worker():
        return
    kind = "floating point" if is_float else "16 bits or more"
    if white != _WHITES[-1]:
        _log.warning("images of %s with values up to %s are read with %s as white", kind, *[f"{white:,.0f}"] * 2)
    if _log_white.cache_info().currsize == 1:  # this call is not counted yet
        _log.warning("images of %s have several whites, so their brightness differs: scale all to 16 bits", kind)
