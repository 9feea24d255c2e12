"""Finds, downloads and reads the files of small torchvision sets."""

import contextlib
import gzip
import io
import math
from pathlib import Path
from typing import Any, NamedTuple
from zlib import error as ZlibError

import torch
from filelock import FileLock
from jaxtyping import Int, UInt8
from torch import Tensor
from torchvision import datasets

from zoo.data.compressed import most_bytes
from zoo.errors import ZooError

SETS: dict[str, Any] = {
    "mnist": datasets.MNIST,
    "fashion_mnist": datasets.FashionMNIST,
    "cifar10": datasets.CIFAR10,
    "cifar100": datasets.CIFAR100,
}
_IDX_UINT8 = 8  # the type code of unsigned bytes, in the third byte of an idx file


class LabeledImages(NamedTuple):
    """Images and labels of one published split."""

    images: UInt8[Tensor, "n c h w"]
    labels: Int[Tensor, " n"]


class MissingFiles(Exception):
    """Files of the set are missing or damaged."""


def read_set(name: str, root: Path, *, download: bool) -> tuple[LabeledImages, LabeledImages, list[str]]:
    """Reads the training split, the test split and the class names of a set; downloads missing files if allowed.

    Raises:
        ZooError: names the set, the folder that was searched, and what to do.
    """
    title, folder = SETS[name].__name__, _folder(name, root)
    try:
        return _read(name, root)
    except MissingFiles as missing:
        if not download:
            raise ZooError(
                f"{title} is not in `{folder}` ({missing}): give data.root=FOLDER where its files are, "
                "or data.download=true to fetch them"
            ) from None
    try:
        root.mkdir(parents=True, exist_ok=True)
        with FileLock(root / f".{name}.lock"):  # the other processes wait for the first one's download
            with contextlib.suppress(MissingFiles):
                return _read(name, root)
            with contextlib.redirect_stdout(io.StringIO()):  # torchvision prints the hosts that it tries
                SETS[name](root, download=True)
            return _read(name, root)
    except PermissionError as error:
        raise ZooError(f"{title} cannot be downloaded into `{root}`: {error.strerror}; give data.root=FOLDER") from None
    except (OSError, RuntimeError, EOFError, MissingFiles):  # a missing network raises OSError, too
        raise ZooError(
            f"{title} is not in `{folder}` and could not be downloaded: try again with a network, or bring its files "
            "from elsewhere and give data.root=FOLDER data.download=false"
        ) from None


def _folder(name: str, root: Path) -> Path:
    if name.startswith("cifar"):
        return root / str(SETS[name].base_folder)
    return root / SETS[name].__name__ / "raw"


def _read(name: str, root: Path) -> tuple[LabeledImages, LabeledImages, list[str]]:
    if name.startswith("cifar"):
        return _read_cifar(name, root)
    folder = _folder(name, root)
    splits = []
    for prefix in ("train", "t10k"):
        images = _read_idx(folder / f"{prefix}-images-idx3-ubyte")
        labels = _read_idx(folder / f"{prefix}-labels-idx1-ubyte")
        splits.append(LabeledImages(images[:, None], labels.long()))
    digits = [str(digit) for digit in range(10)]
    return splits[0], splits[1], digits if name == "mnist" else list(SETS[name].classes)


def _read_cifar(name: str, root: Path) -> tuple[LabeledImages, LabeledImages, list[str]]:
    """Reads the pickled files of CIFAR; torchvision compares their checksums before it opens them."""
    try:
        train, test = (SETS[name](root, train=is_train) for is_train in (True, False))
    except (RuntimeError, OSError) as error:
        raise MissingFiles("missing, or not as published") from error
    train_images, test_images = (
        LabeledImages(torch.from_numpy(split.data).permute(0, 3, 1, 2).contiguous(), torch.tensor(split.targets))
        for split in (train, test)
    )
    return train_images, test_images, list(train.classes)


def _read_idx(path: Path) -> UInt8[Tensor, "..."]:
    """Reads an idx file of unsigned bytes (LeCun et al., 1998), plain or as `.gz`."""
    packed = path.with_name(path.name + ".gz")
    try:
        data = path.read_bytes() if path.is_file() else _unpacked(packed)
    except FileNotFoundError:
        raise MissingFiles(f"no {path.name} or {packed.name}") from None
    except (OSError, EOFError, ZlibError) as error:
        raise MissingFiles(f"{packed.name} is damaged") from error
    dimensions = data[3] if len(data) > 4 and data[:3] == bytes([0, 0, _IDX_UINT8]) else 0
    start = 4 + 4 * dimensions
    shape = [int.from_bytes(data[place : place + 4]) for place in range(4, start, 4)]
    if dimensions == 0 or len(data) - start != math.prod(shape):
        raise MissingFiles(f"{path.name} is damaged")
    return torch.frombuffer(bytearray(data[start:]), dtype=torch.uint8).view(shape)


def _unpacked(path: Path) -> bytes:
    with gzip.open(path) as file:
        return file.read(most_bytes(path))
