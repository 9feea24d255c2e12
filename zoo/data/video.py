"""Frames of a video file."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.data.file_names import FileKind
from zoo.distribution import install_command
from zoo.errors import ZooError

VIDEOS = FileKind("videos", (".avi", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg", ".webm"))
_RATE = 25  # images per second of a video without a rate
_BITS = 20  # per second and pixel: the bit rate of a written video


def is_video(path: Path) -> bool:
    """Whether the extension of a file is that of a video."""
    return path.suffix.lower() in VIDEOS.extensions


def frames(path: Path) -> Iterator[UInt8[Tensor, "3 h w"]]:
    """Yields the frames of a video in order; a truncated video yields those before the break.

    Raises:
        ZooError: PyAV is not installed, or no frame can be read.
    """
    av = _pyav(path)
    count = 0
    try:
        with av.open(str(path)) as container:
            for frame in container.decode(video=0):
                count += 1
                yield torch.from_numpy(frame.to_ndarray(format="rgb24")).permute(2, 0, 1)
    except (av.error.FFmpegError, IndexError, ValueError) as error:
        if count == 0:
            raise ZooError(f"cannot read the video `{path}`: {_reason(error)}") from None
        print(f"the video {path} breaks off after {count} images: {_reason(error)}")
        return
    if count == 0:
        raise ZooError(f"cannot read the video `{path}`: it holds no image")


def _reason(error: Exception) -> str:
    """The words of an error of FFmpeg, without its number and the path."""
    return str(getattr(error, "strerror", None) or error)


def promised_frames(path: Path) -> int:
    """The number of images that a video promises, from its header or its packets; 0 if it cannot be read.

    Raises:
        ZooError: PyAV is not installed.
    """
    av = _pyav(path)
    try:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            return int(stream.frames) or sum(1 for packet in container.demux(stream) if packet.size)
    except (av.error.FFmpegError, IndexError, ValueError):
        return 0


def frame_rate(path: Path) -> Fraction:
    """The images of a video in a second, or 25 if it does not say.

    Raises:
        ZooError: PyAV is not installed.
    """
    av = _pyav(path)
    try:
        with av.open(str(path)) as container:
            return Fraction(container.streams.video[0].average_rate or _RATE)
    except (av.error.FFmpegError, IndexError, ValueError):
        return Fraction(_RATE)


def write_video(path: Path, images: Iterator[UInt8[Tensor, "3 h w"]], rate: Fraction) -> None:
    """Writes images of one size as an MP4 file without sound, while they are made; odd sides lose their last pixel.

    Raises:
        ZooError: PyAV is not installed.
    """
    av = _pyav(path)
    first = next(images, None)
    if first is None:
        return
    height, width = (side // 2 * 2 for side in first.shape[-2:])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=rate.limit_denominator(60_000))
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        stream.bit_rate = _BITS * width * height
        for image in chain([first], images):
            pixels = image[:, :height, :width].permute(1, 2, 0).contiguous().numpy()
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())


def _pyav(path: Path) -> Any:
    try:
        import av
    except ModuleNotFoundError:
        raise ZooError(f"{path} is a video: reading it needs PyAV: {install_command('video')}") from None
    return av
