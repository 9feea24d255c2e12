"""Lists image files and reads them as uint8 tensors, upright and without transparency."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NamedTuple

import torch
from jaxtyping import Shaped, UInt8
from PIL import Image, UnidentifiedImageError
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from zoo.data.file_names import FileKind
from zoo.data.images.decoding import ORIENTATION, OddValues, TooManyPixels, decode, open_image
from zoo.data.images.in_memory import MemoryImage
from zoo.data.images.tar_member import TarMember
from zoo.errors import ZooError, first_line
from zoo.regular_files import open_regular, read_regular

EXTENSIONS = tuple(
    ".avif .bmp .gif .jfif .jp2 .jpe .jpeg .jpg .pbm .pgm .png .pnm .ppm .tga .tif .tiff .webp".split()  # noqa: SIM905
)
_LARGEST = 1 << 29  # bytes of a file
IMAGES = FileKind("images", EXTENSIONS)
MAX_ASPECT = 8  # longer strips are cropped before resizing: 1×20,000 pixels would grow to gigabytes


class UnreadableImage(ZooError):
    """An image file that cannot be read; the message names the file and the reason."""

    def __init__(self, path: str | Path | TarMember, reason: str) -> None:
        super().__init__(f"cannot read the image `{path}`: {reason}")
        self.path = Path(path)
        self.reason = reason

    def __reduce__(self) -> tuple[type["UnreadableImage"], tuple[Path, str]]:
        return UnreadableImage, (self.path, self.reason)  # pickled by worker processes


def list_images(folder: str | Path) -> list[Path]:
    """Returns all image files below a folder, sorted; skips hidden files, hidden folders and system folders.

    Raises:
        ZooError: the folder does not exist, or is a file.
    """
    return [Path(folder, name) for name in image_names(folder)]


def image_names(folder: str | Path) -> list[str]:
    """Returns the paths of `list_images` relative to the folder, as strings: five times faster.

    Raises:
        ZooError: the folder does not exist, or is a file.
    """
    return IMAGES.names(Path(folder))


def read_image(path: str | Path | TarMember | MemoryImage, *, channels: int) -> UInt8[Tensor, "c h w"]:
    """Reads an image file, or an image in memory, as a viewer would show it, in 1 (gray) or 3 (RGB) channels.

    Applies the EXIF rotation, converts palettes and CMYK to RGB and deep pixels to 8 bits (`decoding.white_of`), puts
    transparent pixels on white, and takes the first frame of an animation. torchcodec decodes plain 8-bit JPEG and PNG
    files, 1.4 times as fast as Pillow, which decodes all others. Both give the same values.

    Raises:
        UnreadableImage: missing, empty, truncated or not an image, or more than 50 million pixels.
        ZooError: `channels` is neither 1 nor 3.
    """
    if channels not in (1, 3):
        raise ZooError(f"`channels` (={channels}) must be 1 (gray) or 3 (color)")
    if isinstance(path, MemoryImage):
        if path.pixels is None:
            raise UnreadableImage(path.name, str(path.error))
        return to_channels(path.pixels, channels)
    data = _read(path)
    with decoding_errors(path):
        return to_channels(decode(data), channels)


def _read(path: str | Path | TarMember) -> bytes:
    with _unreadable(path):
        data = path.read_bytes(_LARGEST) if isinstance(path, TarMember) else read_regular(path, limit=_LARGEST)
    if not data:
        raise UnreadableImage(path, "the file is empty (zero bytes)")
    return data


@contextmanager
def _unreadable(path: str | Path | TarMember) -> Iterator[None]:
    try:
        yield
    except ZooError as error:
        reason = str(error).removeprefix(f"{path} ")
        raise UnreadableImage(path, f"the file {reason}" if reason == "does not exist" else reason) from None


class Head(NamedTuple):
    """The header of an image file."""

    width: int
    """In pixels, after the EXIF rotation, as in the result of `read_image`."""
    height: int
    turned: bool
    """Whether EXIF rotates or mirrors the pixels."""


def read_head(path: str | Path) -> Head:
    """Reads the size of an image without decoding it, a hundred times faster than `read_image`.

    Raises:
        UnreadableImage: not an image, or too many pixels.
    """
    with _unreadable(path):
        file = open_regular(path)
    with file, decoding_errors(path), open_image(file) as image:
        width, height = image.size
        orientation = Image.Image.getexif(image).get(ORIENTATION, 1)  # PngImageFile.getexif decodes the file
        if orientation in range(5, 9) and image.format != "TIFF":  # Pillow has already swapped the sides of a TIFF
            width, height = height, width
        return Head(width, height, orientation in range(2, 9))


@contextmanager
def decoding_errors(path: str | Path | TarMember) -> Iterator[None]:
    """Converts every exception of a decoder to UnreadableImage with a reason."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd metadata does not keep the pixels from being decoded
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (TooManyPixels, OddValues) as error:
            raise UnreadableImage(path, str(error)) from None
        except (Image.DecompressionBombWarning, Image.DecompressionBombError):
            raise UnreadableImage(path, str(TooManyPixels())) from None
        except UnidentifiedImageError:
            is_table = str(path).lower().endswith((".csv", ".tsv", ".parquet"))
            hint = "; of a table of images, give the folder with the images" if is_table else ""
            raise UnreadableImage(path, f"the content is not that of a known image format{hint}") from None
        except Exception as error:  # a decoder may raise anything on a broken file
            if "truncated" in str(error).lower():
                raise UnreadableImage(path, "the file is truncated") from None
            raise UnreadableImage(path, f"the file is damaged ({first_line(error)})") from None


def to_channels(images: UInt8[Tensor, "*n c h w"], channels: int) -> UInt8[Tensor, "*n d h w"]:
    """Converts gray to RGB, or RGB to gray with Pillow's integer ITU-R 601-2 weights."""
    if images.shape[-3] == channels:
        return images
    if channels == 3:
        return torch.cat([images] * 3, dim=-3)
    red, green, blue = images.split(1, dim=-3)
    gray = red.int().mul_(19595).add_(green, alpha=38470).add_(blue, alpha=7471)  # in place: a large image has 200 MB
    return gray.add_(0x8000).bitwise_right_shift_(16).to(torch.uint8)


Interpolation = Literal["bilinear", "bicubic"]


def squash(
    images: Shaped[Tensor, "*n c h w"], *, size: int, interpolation: Interpolation = "bilinear"
) -> Shaped[Tensor, "*n c s s"]:
    """Resizes to `size` × `size` pixels with antialiasing, ignoring the aspect ratio."""
    return _resized(images, [size, size], interpolation)


def cut_square(
    images: Shaped[Tensor, "*n c h w"],
    *,
    short: int,
    size: int,
    place: float = 0.5,
    border: float = 0.0,
    interpolation: Interpolation = "bilinear",
) -> Shaped[Tensor, "*n c s s"]:
    """Resizes the short side to `short` pixels (antialiased), then crops or pads to `size` × `size`.

    A `short` of 256 and a `size` of 224 is the evaluation transform of torchvision's classifiers. 28 and 32 add the
    border of two pixels with which LeNet-5 was published; their value is `border`, in [0, 1]. `place` positions the
    crop along the image: 0 is the top left end, 0.5 the center, 1 the bottom right end.
    """
    height, width = images.shape[-2:]
    limit = MAX_ASPECT * min(height, width)
    if max(height, width) > limit:
        images = F.center_crop(images, [min(height, limit), min(width, limit)])
    images = _resized(images, [short], interpolation)
    top, left = (round((length - size) * place) for length in images.shape[-2:])
    if top < 0 or left < 0:
        fill = border if images.is_floating_point() else round(255 * border)
        short_by = [max(size - length, 0) for length in (images.shape[-1], images.shape[-2])]
        images = F.pad(images, [gap // 2 for gap in short_by] + [(gap + 1) // 2 for gap in short_by], fill=fill)
        return F.center_crop(images, [size, size])
    return F.crop(images, top, left, size, size)


def _resized(
    images: Shaped[Tensor, "*n c h w"], size: list[int], interpolation: Interpolation
) -> Shaped[Tensor, "*n c i j"]:
    return F.resize(images, size, interpolation=F.InterpolationMode(interpolation), antialias=True)
