"""Loads photographs from disk into a normalized batch; peer: Pillow with torchvision's v1 transforms."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torchvision import transforms

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.config.compose import compose, to_dict
from zoo.data.class_folders import Files
from zoo.data.images.base import Preprocessing
from zoo.data.images.file_data import IMAGENET_MEAN, IMAGENET_STD
from zoo.data.images.lazy_files import ImageFiles
from zoo.run.build import build_data

WIDTH, HEIGHT, COUNT = 500, 375, 32
_FORMS = (("image_shards", "shards"), ("image_folder", "folder"))
_STEP = 1 / 255 / 0.224  # one of 256 gray levels after normalization


def cases(settings: Settings) -> Iterator[Case]:
    """Evaluation transform of a classifier: short side to 256 pixels, antialiased, then the central 224."""
    yield Case(
        name=f"{COUNT} JPEG files of {WIDTH}×{HEIGHT} to a normalized batch of 224×224",
        peer="Pillow and torchvision's v1 transforms",
        measure=lambda: _compare(settings),
        limit=0.70,
    )
    yield Case(
        name=f"{COUNT} JPEG files of {WIDTH}×{HEIGHT} in a tar file (data=image_shards) to uint8 crops of 224×224",
        peer="the same files in folders (data=image_folder)",
        measure=lambda: _shards(settings),
        limit=1.05,
    )


def _compare(settings: Settings) -> Measured:
    paths = photographs(settings.scratch / "photographs", 4 if settings.quick else COUNT)
    ours = Preprocessing(size=224, channels=3, mean=IMAGENET_MEAN, std=IMAGENET_STD, resize="crop", crop_ratio=0.875)
    files = ImageFiles(
        paths[0].parent,
        Files(np.array([path.name.encode() for path in paths]), np.zeros(len(paths), np.int64)),
        ours.read,
    )
    everything = torch.arange(len(paths))
    theirs = transforms.Compose(
        [
            transforms.Resize(256),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )

    def batch_ours() -> Tensor:
        return ours.normalize(files[everything][0])

    def batch_theirs() -> Tensor:
        return torch.stack([theirs(Image.open(path).convert("RGB")) for path in paths])

    apart = (batch_ours() - batch_theirs()).abs()
    note = f"pixels apart by {float(apart.mean()) / _STEP:.2f} gray levels, {float(apart.max()) / _STEP:.0f} at most"
    return compare(batch_ours, batch_theirs, settings, note=note)


def _shards(settings: Settings) -> Measured:
    folder, shards = settings.scratch / "folder", settings.scratch / "shards"
    shards.mkdir()
    for split, count in (("train", 1), ("val", 1), ("test", 2 if settings.quick else COUNT // 2)):
        for name in "ab":
            photographs(folder / split / name, count)
        with tarfile.open(shards / f"{split}.tar", "w") as tar:
            tar.add(folder / split, arcname=".")
    ours, theirs = (_test_images(option, settings.scratch / name) for option, name in _FORMS)
    everything = torch.arange(len(ours))
    same = torch.equal(ours[everything][0], theirs[everything][0])
    note = "same pixels" if same else "other pixels"
    return compare(lambda: ours[everything], lambda: theirs[everything], settings, note=note)


def _test_images(option: str, root: Path) -> ImageFiles:
    words = ["model=resnet18", f"data={option}", f"data.root='{root}'", "data.cache_mb=0"]
    found: ImageFiles = build_data(to_dict(compose(words))["data"]).dataset("test")
    return found


def photographs(folder: Path, count: int) -> list[Path]:
    """Writes JPEG files with smooth areas, edges and grain, about as large on disk as real photographs."""
    folder.mkdir(parents=True, exist_ok=True)
    generator = np.random.default_rng(0)
    paths = []
    for number in range(count):
        coarse = Image.fromarray(generator.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)).astype(float)
        grain = generator.normal(0, 8, (HEIGHT, WIDTH, 1))
        pixels = (smooth + grain).clip(0, 255).astype(np.uint8)
        path = folder / f"{number:04}.jpg"
        Image.fromarray(pixels).save(path, quality=90)
        paths.append(path)
    return paths
