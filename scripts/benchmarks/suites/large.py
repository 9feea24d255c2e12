"""Scaling with the amount of data; peer: ours with a tenth of it."""

import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional as F

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.config.compose import compose, to_dict
from zoo.data.class_folders import find_files
from zoo.data.images.files import IMAGES
from zoo.run.build import build_data
from zoo.run.create import create_model
from zoo.tasks.embedding.gallery import Gallery

FILES, POINTS, VECTORS = 10**6, 10**8, 10**6
TIMES = 10
FLAT = 1.25  # limit of the ratio of the costs per item
_CLASSES, _WIDTH, _PROBES, _DRAWN = 100, 128, 16, 25_600


def cases(settings: Settings) -> Iterator[Case]:
    """Image folders, series on disk, galleries."""
    least = 100 if settings.quick else 1
    files, points, vectors = FILES // least, POINTS // least**2, VECTORS // least
    for name, count, measure in (
        (f"listing the files of an image folder, an entry of {files:,}", files, _listing),
        (f"opening a series on disk, a point of {points:,}", points, _opening),
        (f"searching a gallery, a vector of {vectors:,}", vectors, _searching),
    ):
        yield Case(name=name, peer="a tenth as many", measure=partial(measure, count, settings), limit=FLAT)
    yield Case(
        name=f"{_DRAWN:,} windows at random of a series on disk of {points:,} points",
        peer="a tenth as many points",
        measure=partial(_drawing, points, settings),
        limit=FLAT,
    )


def _flat(large: Callable[[], object], small: Callable[[], object], settings: Settings) -> Measured:
    """Measures the ratio of the costs per item, of `TIMES` times as many items to that of few."""
    found = compare(large, small, settings)
    assert found.ratio is not None
    assert found.low is not None
    assert found.high is not None
    return found._replace(ratio=found.ratio / TIMES, low=found.low / TIMES, high=found.high / TIMES)


def _listing(count: int, settings: Settings) -> Measured:
    large, small = settings.scratch / "large", settings.scratch / "small"
    _touch(large, count)
    _touch(small, count // TIMES)
    try:
        return _flat(partial(find_files, large, IMAGES), partial(find_files, small, IMAGES), settings)
    finally:
        shutil.rmtree(large)
        shutil.rmtree(small)


def _touch(root: Path, count: int) -> None:
    for number in range(_CLASSES):
        folder = root / f"class_{number:03}"
        folder.mkdir(parents=True)
        for image in range(count // _CLASSES):
            (folder / f"{image:06}.jpg").touch()


def _opening(count: int, settings: Settings) -> Measured:
    large, small = _on_disk(count, settings), _on_disk(count // TIMES, settings)
    try:
        return _flat(partial(_series, large), partial(_series, small), settings)
    finally:
        large.unlink()
        small.unlink()


def _drawing(count: int, settings: Settings) -> Measured:
    paths = [_on_disk(count, settings), _on_disk(count // TIMES, settings)]
    try:
        large, small = (_series(path) for path in paths)
        return compare(partial(_epoch, large), partial(_epoch, small), settings)
    finally:
        for path in paths:
            path.unlink()


def _on_disk(count: int, settings: Settings) -> Path:
    path = settings.scratch / f"series_{count}.npy"
    values = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(count,))
    part = min(count, 10**6)
    noise = np.random.default_rng(0).normal(size=part).astype(np.float32)
    for first in range(0, count, part):
        values[first : first + part] = noise[: count - first]
    values.flush()
    return path


def _series(path: Path) -> Any:
    words = ["model=gru", "data=series", f"data.path='{path}'", f"data.windows_per_epoch={_DRAWN}", "data.stride=64"]
    data = build_data(to_dict(compose(words))["data"])
    data.setup()
    return data


def _epoch(data: Any) -> None:
    for _ in data.train_dataloader():
        pass


def _searching(count: int, settings: Settings) -> Measured:
    task: Any = create_model("siamese")
    generator = torch.Generator().manual_seed(0)
    vectors = F.normalize(torch.randn(count, _WIDTH, generator=generator))
    probes = F.normalize(torch.randn(_PROBES, _WIDTH, generator=generator))
    large, small = (
        Gallery("", [f"person {number}" for number in range(len(part))], part)
        for part in (vectors, vectors[: count // TIMES])
    )
    return _flat(partial(large.search, task, probes, 5), partial(small.search, task, probes, 5), settings)
