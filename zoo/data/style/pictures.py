"""Reads images of any size for style transfer, scales them, and draws a style pattern that needs no file."""

import io
import math
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from PIL import Image
from sklearn.datasets import load_sample_images
from torch import Tensor

from zoo.data.images.decoding import MAX_PIXELS, from_pillow
from zoo.data.images.files import UnreadableImage, decoding_errors, read_image
from zoo.data.images.in_memory import MemoryImage
from zoo.errors import ZooError
from zoo.regular_files import open_regular

SMALLEST = 32  # pixels of the shorter side, at which feature maps still have positions
LARGEST = 4096  # pixels of the longer side
_HUGE = 500_000_000  # pixels of a file: 1.5 GB while it is decoded
_PALETTE = ((0.05, 0.12, 0.35), (0.10, 0.45, 0.65), (0.95, 0.78, 0.25), (0.88, 0.35, 0.15), (0.96, 0.93, 0.80))


def read_picture(path: str | Path | MemoryImage, size: int) -> Float[Tensor, "1 3 h w"]:
    """Reads an image in [0, 1] with a longer side of `size` pixels: gray becomes RGB, transparency white.

    A file of more than 50 million pixels is scaled while it is decoded, and this is printed.

    Raises:
        UnreadableImage: missing, no image, damaged, or more than 500 million pixels.
        ZooError: fewer than 32 pixels on the shorter side once it is scaled.
    """
    if isinstance(path, MemoryImage):
        pixels = read_image(path, channels=3)
    else:
        pixels = _read_huge(Path(path), size) if _is_huge(Path(path)) else read_image(path, channels=3)
    return scaled(pixels[None].float() / 255, size, str(path))


def scaled(picture: Float[Tensor, "1 3 _ _"], size: int, name: str) -> Float[Tensor, "1 3 h w"]:
    """Scales an image to a longer side of `size` pixels.

    Raises:
        ZooError: fewer than 32 pixels on the shorter side, before or after.
    """
    height, width = picture.shape[-2:]
    factor = size / max(height, width)
    target = [max(round(side * factor), 1) for side in (height, width)]
    if min(height, width, *target) < SMALLEST:
        raise ZooError(
            f"{name} has {width}×{height} pixels, {target[1]}×{target[0]} at a longer side of {size}: style transfer "
            f"needs at least {SMALLEST} on each side, before and after scaling"
        )
    return resized(picture, target)


def resized(picture: Float[Tensor, "b 3 _ _"], target: list[int]) -> Float[Tensor, "b 3 h w"]:
    """Scales images in [0, 1] to a height and a width, with antialiasing."""
    if [*picture.shape[-2:]] == target:
        return picture.contiguous()
    found = F.interpolate(picture, size=target, mode="bicubic", antialias=True, align_corners=False)
    return found.clamp(0, 1).contiguous()


def sample_photograph(name: str) -> Float[Tensor, "1 3 427 640"]:
    """A photograph of scikit-learn: `china` or `flower`."""
    images = load_sample_images()
    index = next(i for i, file in enumerate(images.filenames) if Path(file).stem == name)
    return torch.from_numpy(np.array(images.images[index])).permute(2, 0, 1)[None].contiguous() / 255


def pattern(size: int, *, seed: int = 0, palette: tuple[tuple[float, ...], ...] = _PALETTE) -> Tensor:
    """An image [1 3 size size] of fluted, swirling bands: waves in coordinates that other waves bend."""
    axis = torch.linspace(0, 1, size)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    phases = torch.rand(4, 4, generator=torch.Generator().manual_seed(seed)) * 2 * math.pi
    for k in range(1, 5):
        p, f = phases[k - 1], 2 * math.pi * k
        x = x + (0.12 * torch.sin(f * y + p[0]) + 0.05 * torch.cos(10 * k * y + p[2])) / k
        y = y + (0.12 * torch.sin(f * x + p[1]) + 0.05 * torch.cos(10 * k * x + p[3])) / k
    stripes = (torch.sin(40 * x + 6 * torch.sin(5 * y)) + 1) / 2
    fields = (torch.sin(9 * y + 4 * x) + 1) / 2
    colors = torch.tensor(palette)
    place = (0.65 * fields + 0.35 * stripes) * (len(colors) - 1)
    below = place.floor().long().clamp(0, len(colors) - 2)
    share = torch.sigmoid(10 * (place - below) - 5)[..., None]  # bands with soft edges
    flutes = 0.75 + 0.25 * torch.sin(160 * x + 20 * y)[..., None]
    picture = (colors[below] * (1 - share) + colors[below + 1] * share) * flutes
    return picture.permute(2, 0, 1)[None].clamp(0, 1).contiguous()


def to_bytes(picture: Float[Tensor, "1 3 h w"]) -> UInt8[Tensor, "3 h w"]:
    """Rounds an image in [0, 1] to bytes."""
    return (picture[0].detach().cpu().clamp(0, 1) * 255).round().byte()


def _is_huge(path: Path) -> bool:
    """Whether the header promises more pixels than images may have; a broken file is reported when it is read."""
    try:
        with open_regular(path) as file, _unlimited(file) as image:
            return image.width * image.height > MAX_PIXELS
    except Exception:
        return False


def _read_huge(path: Path, size: int) -> UInt8[Tensor, "3 h w"]:
    """Decodes a huge file in a fraction of its size where its format can (JPEG), and scales it at once."""
    with decoding_errors(path), open_regular(path) as file, _unlimited(file) as image:
        width, height = image.size
        if width * height > _HUGE:
            raise UnreadableImage(path, f"{width:,}×{height:,} pixels, more than {_HUGE:,}")
        image.draft("RGB", (2 * size, 2 * size))
        image.thumbnail((2 * size, 2 * size), Image.Resampling.BOX)  # the rest with antialiasing
        pixels = from_pillow(image)
    print(f"{path} has {width:,}×{height:,} pixels: scaled to a longer side of {size}")
    return pixels if len(pixels) == 3 else pixels.expand(3, -1, -1)


def _unlimited(file: io.BufferedReader) -> Image.Image:
    """Opens an image of any size: Pillow's own guard warns from 89 million pixels on."""
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
    try:
        return Image.open(file, formats=("JPEG", "PNG", "TIFF", "WEBP", "BMP", "PPM"))
    finally:
        Image.MAX_IMAGE_PIXELS = limit
