"""Omniglot: handwritten characters of many alphabets, and the published one-shot task."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import torch
from jaxtyping import UInt8
from torch import Tensor
from torchvision.transforms.v2 import functional as F

from zoo.data.base import Split
from zoo.data.identities.base import Identities, IdentityData, statistics
from zoo.data.images.base import Preprocessing
from zoo.data.images.decoding import open_image
from zoo.errors import ZooError
from zoo.ops.identities import PER_GROUP

_RUNS = "all_runs.zip"
_LABELS = "class_labels.txt"
_LARGEST = 1 << 20  # bytes of an image or a list; those of the set have a few hundred


class _Drawing(NamedTuple):
    character: str
    """ALPHABET/CHARACTER"""
    image: Tensor


@dataclass(kw_only=True, eq=False)
class Omniglot(IdentityData):
    """Characters drawn by 20 people each; the test split is the 20 published runs of 20-way one-shot recognition.

    Trains on the archives `sets` (`images_background`, or the two small ones) below `root`, as published and as
    torchvision downloads them. The alphabets listed in `val` are the validation split. Each run is a group; its first
    image of a character is the enrolled one. Images are inverted to white ink on black.

    Source: Lake et al., Human-level concept learning through probabilistic program induction, 2015.

    Raises:
        ZooError: a missing or damaged archive, or `val` lists an alphabet that the sets lack.
    """

    root: str
    sets: list[str]
    val: list[str]
    image_size: int

    def __post_init__(self) -> None:
        super().__post_init__()
        self.folder = Path(self.root).expanduser()
        self.resizing = Preprocessing(size=self.image_size, channels=1, resize="squash", mean=(), std=())

    def read(self) -> dict[Split, Identities]:
        """The characters of the sets for training and validation, the runs for test."""
        drawings: dict[str, list[Tensor]] = {}
        for name in self.sets:
            known = set(drawings)  # the small sets share alphabets: reads each character once
            for drawing in self._drawings(self._archive(f"{name}.zip")):
                if drawing.character not in known:
                    drawings.setdefault(drawing.character, []).append(drawing.image)
        alphabets = sorted({character.partition("/")[0] for character in drawings})
        for alphabet in self.val:
            if alphabet not in alphabets:
                raise ZooError(f"`data.val` names {alphabet}; the alphabets are: {', '.join(alphabets)}")
        held_out = {character for character in drawings if character.partition("/")[0] in self.val}
        return {
            "train": _identities({c: d for c, d in drawings.items() if c not in held_out}),
            "val": _identities({c: d for c, d in drawings.items() if c in held_out}),
            "test": self._runs(),
        }

    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """One channel, resized without keeping the aspect ratio."""
        mean, std = statistics(train)
        return replace(self.resizing, mean=mean, std=std)

    def _archive(self, name: str) -> zipfile.ZipFile:
        found = sorted(self.folder.rglob(name)) if self.folder.is_dir() else []
        if not found:
            raise ZooError(
                f"`data.root` (={self.folder}) has no {name}; the archives are those of "
                "github.com/brendenlake/omniglot, all_runs.zip included"
            )
        try:
            return zipfile.ZipFile(found[0])
        except zipfile.BadZipFile as error:
            raise ZooError(f"{found[0]} is no whole zip archive; load it anew") from error

    def _drawings(self, archive: zipfile.ZipFile) -> Iterator[_Drawing]:
        with archive:
            for name in sorted(n for n in archive.namelist() if n.endswith(".png")):
                *_, alphabet, character, _file = PurePosixPath(name).parts
                yield _Drawing(f"{alphabet}/{character}", self._image(archive, name))

    def _image(self, archive: zipfile.ZipFile, name: str) -> UInt8[Tensor, "1 s s"]:
        try:
            if archive.getinfo(name).file_size > _LARGEST:
                raise ValueError(f"more than {_LARGEST:,} bytes")
            with open_image(io.BytesIO(archive.read(name))) as image:
                return 255 - self.resizing.resize_images(F.pil_to_tensor(image.convert("L")))
        except Exception as error:  # damaged bytes may raise anything
            raise ZooError(f"{name} in {archive.filename} cannot be read ({error}); load the archive anew") from error

    def _runs(self) -> Identities:
        images, numbers, names = [], [], []
        with self._archive(_RUNS) as archive:
            labels = sorted(n for n in archive.namelist() if n.endswith(_LABELS))
            if not labels:
                raise ZooError(f"{archive.filename} holds no run, none with a {_LABELS}; load the archive anew")
            for run, name in enumerate(labels):
                lines = _labels(archive, name)
                for number, (_, enrolled) in enumerate(lines):
                    names.append(f"{PurePosixPath(name).parts[-2]}/{PurePosixPath(enrolled).stem}")
                    images.append(self._image(archive, _member(archive, enrolled)))
                    numbers.append(run * PER_GROUP + number)
                for number, (probe, _) in enumerate(lines):
                    images.append(self._image(archive, _member(archive, probe)))
                    numbers.append(run * PER_GROUP + number)
        return Identities(images=torch.stack(images), numbers=torch.tensor(numbers), names=names)


def _labels(archive: zipfile.ZipFile, name: str) -> list[list[str]]:
    """File names of the probe and the enrolled image, for each trial of a run."""
    lines = [line.split() for line in archive.read(name).decode(errors="replace").splitlines() if line.strip()]
    for line in lines:
        if len(line) != 2:
            raise ZooError(f"{name} in {archive.filename} has a line that is not two names: {' '.join(line)}")
    return lines


def _member(archive: zipfile.ZipFile, name: str) -> str:
    """The full name of a file in the archive; some copies have an additional folder around the runs."""
    if name in archive.namelist():
        return name
    found = [member for member in archive.namelist() if member.endswith("/" + name)]
    if not found:
        raise ZooError(f"{archive.filename} names {name} and does not hold it; load the archive anew")
    return found[0]


def _identities(drawings: dict[str, list[Tensor]]) -> Identities:
    images = [image for drawn in drawings.values() for image in drawn]
    counts = torch.tensor([len(drawn) for drawn in drawings.values()])
    if not images:
        raise ZooError("`data.val` leaves no alphabet to train on, or names none to choose the threshold")
    return Identities(
        images=torch.stack(images),
        numbers=torch.arange(len(drawings)).repeat_interleave(counts),
        names=list(drawings),
    )
