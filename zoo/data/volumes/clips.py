"""Clips of video files, one folder per class, as volumes [3 frames height width]."""

import os
from dataclasses import dataclass, replace
from hashlib import file_digest
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int, UInt8
from torch import Tensor

from zoo.data.base import Split
from zoo.data.class_folders import Files, find_files
from zoo.data.file_names import printable
from zoo.data.images.files import cut_square
from zoo.data.options import require_count, require_fractions
from zoo.data.sample_check import FaultySample, check_samples
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.data.splits import cut_splits
from zoo.data.video import VIDEOS, frames, promised_frames
from zoo.data.volumes.base import VolumeData, VolumePreprocessing, is_empty, measured_statistics
from zoo.errors import ZooError

_SHORT = 128 / 112  # C3D resizes to 128×171 pixels and crops 112×112


def read_clip(path: Path, preprocessing: VolumePreprocessing, place: float = 0.5) -> UInt8[Tensor, "3 d s s"]:
    """Reads consecutive frames of a video and cuts their central square; `place` 0 starts at the first frame, 1 ends
    at the last.

    Raises:
        ZooError: PyAV is not installed, the video cannot be read, or it has too few images.
    """
    length, side, _ = preprocessing.size
    images = _window(path, length, side, round(max(promised_frames(path) - length, 0) * place))
    if len(images) < length:  # the video breaks off before its promised end
        count = sum(1 for _ in frames(path))
        if count < length:
            raise ZooError(f"the video `{path}` has {count} frames, and a clip needs {length}")
        images = _window(path, length, side, round((count - length) * place))
    return torch.stack(images, dim=1)


def _window(path: Path, length: int, side: int, start: int) -> list[Tensor]:
    kept = islice(frames(path), start, start + length)
    return [cut_square(image, short=round(side * _SHORT), size=side) for image in kept]


class ClipFiles:
    """Labeled videos; `__getitem__` reads the central clip of each, or a random one with a `seed`.

    The draw depends on the seed and the index alone, so that a resumed run repeats it. Indices past the last video
    begin again with the first and draw other clips: `FreshBatches` has other indices in every epoch.
    """

    in_memory = False

    def __init__(self, root: Path, files: Files, preprocessing: VolumePreprocessing, *, seed: int | None) -> None:
        self.root = root
        self.files = files
        self.preprocessing = preprocessing
        self.seed = seed
        self.labels: Int[Tensor, " n"] = torch.from_numpy(files.labels)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, indices: Int[Tensor, " b"]) -> tuple[UInt8[Tensor, "b 3 d s s"], Int[Tensor, " b"]]:
        """A batch of clips and their labels.

        Raises:
            ZooError: names the video.
        """
        clips = [
            read_clip(self.path(index % len(self)), self.preprocessing, self._place(index))
            for index in indices.tolist()
        ]
        return torch.stack(clips), self.labels[indices % len(self)]

    def path(self, index: int) -> Path:
        """The file of a video."""
        return self.root / os.fsdecode(self.files.paths[index])

    def sample_name(self, index: int) -> str:
        """The path of a video, relative to the root."""
        return printable(os.fsdecode(self.files.paths[index]))

    def _place(self, index: int) -> float:
        return 0.5 if self.seed is None else float(np.random.default_rng([self.seed, index]).random())


@dataclass(kw_only=True, eq=False)
class Clips(VolumeData):
    """Videos in class folders below `root`, or below `root/train`, `root/val` and `root/test`.

    A clip is `frames` consecutive frames: the central ones of a video, or in training with `random_start` random ones,
    drawn anew in every epoch. Images are resized to a short side of 8/7 `image_size` and cropped to the central square.
    A missing split is cut out of the training videos, with the same fraction of each class.

    Raises:
        ZooError: a value out of its range.
    """

    root: str
    frames: int
    image_size: int
    random_start: bool
    val_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("frames", self.frames)
        require_count("image_size", self.image_size)
        require_fractions(self.val_fraction, self.test_fraction)

    def load(self) -> dict[str, Any]:
        """Finds the videos and cuts missing splits out of training.

        Raises:
            ZooError: another layout of folders, a class with too few videos, or a video that cannot be read.
        """
        root = Path(self.root).expanduser()
        given, self.class_names = find_files(root, VIDEOS)
        fractions: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        files = cut_splits(given, self.class_names, fractions, self.seed, VIDEOS.noun)
        unit = self._unit()
        splits = {
            name: ClipFiles(root, part, unit, seed=self.seed if name == "train" and self.random_start else None)
            for name, part in files.items()
        }
        mean, std = measured_statistics(splits["train"], self.seed)
        self.preprocessing = replace(unit, mean=mean, std=std)
        return {str(name): part for name, part in splits.items()}

    def check(self, folder: Path) -> bool:
        """Prints the content of the folders, videos that are broken or too short, and videos that are there twice."""
        root = Path(self.root).expanduser()
        given, names = find_files(root, VIDEOS)
        splits = {split: ClipFiles(root, part, self._unit(), seed=None) for split, part in given.items()}
        return check_samples(splits, names, VIDEOS.noun, _examine)

    def _unit(self) -> VolumePreprocessing:
        size = (self.frames, self.image_size, self.image_size)
        return VolumePreprocessing(size=size, channels=3, mean=(0.0,) * 3, std=(1.0,) * 3, resize=False)

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Indices that differ in every epoch, for other clips of each video."""
        return FreshBatches.like(usual)

    def card(self) -> dict[str, Any]:
        """As of volumes, with clips as the kind of samples."""
        return super().card() | {"inputs": "clips"}


def _examine(clips: ClipFiles, index: int) -> bytes:
    """Reads the central clip of a video."""
    path = clips.path(index)
    try:
        clip = read_clip(path, clips.preprocessing)
    except ZooError as error:
        raise FaultySample("broken or short video", str(error)) from None
    if is_empty(clip[None]).item():
        raise FaultySample("empty video", f"all values of its central clip are {clip.flatten()[0].item()}")
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()
