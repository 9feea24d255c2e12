"""Training on JPEG files: how long the GPU waits for them."""

import io
import os
from collections.abc import Iterator
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

import torch
from PIL import Image
from pytorch_lightning import Callback
from torch.nn import functional as F

from benchmarks.beside import build_run
from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side
from zoo.config.compose import compose, to_dict
from zoo.data.images.decoding import jpeg_decoder
from zoo.hardware import cores, data_workers
from zoo.run.build import build_data
from zoo.run.throughput import Throughput

DISTINCT, LINKS, CLASSES, BATCH = 256, 40, 16, 256


def cases(settings: Settings) -> Iterator[Case]:
    """An epoch of ResNet-50 at 224 px from files of 500×375 pixels."""
    yield Case(
        name=f"resnet50, an epoch of JPEG files, 224 px, batch {BATCH}, bfloat16, not compiled",
        peer="nothing",
        measure=partial(_measure, settings),
    )


def _measure(settings: Settings) -> Measured:
    distinct, links, batch, size = (CLASSES, 5, 4, 64) if settings.quick else (DISTINCT, LINKS, BATCH, 224)
    folder = settings.scratch / "jpeg"
    write_files(folder, distinct, links)
    precision = "32-true" if settings.quick else "bf16-mixed"
    words = ["model=resnet50", "data=image_folder", f"data.root='{folder}'", f"data.image_size={size}"]
    words += [f"data.batch_size={batch}", "optimizer=sgd", "channels_last=true", f"trainer.precision={precision}"]
    words += ["data.num_workers=0"] if settings.quick else []
    run = build_run(words, build_data(to_dict(compose(words))["data"]), settings)
    run.config["trainer"] |= {"max_epochs": 1 if settings.quick else 2, "limit_val_batches": 0}
    trainer = run.training_trainer()
    callbacks: list[Callback] = trainer.callbacks  # type: ignore[attr-defined]
    watch = next(callback for callback in callbacks if isinstance(callback, Throughput))
    with redirect_stdout(io.StringIO()):
        trainer.fit(run.task, datamodule=run.datamodule)
    count = len(run.datamodule.dataset("train"))
    seconds = count / watch.samples_per_second
    readers = f"{data_workers(run.config['data']['num_workers'])} processes of {cores()} cores, {jpeg_decoder()}"
    speed = f"{count:,} images, {watch.samples_per_second:,.0f} per second"
    note = f"{speed}, {watch.waiting_share:.0%} of the time waiting; {readers}"
    return Measured(Side(seconds, seconds), None, None, None, None, 1, "wall", note)


def write_files(folder: Path, distinct: int, links: int) -> None:
    """Writes photograph-like JPEG files of 500×375 pixels, in a folder for each class; hard links make more of them."""
    generator = torch.Generator().manual_seed(0)
    for number in range(distinct):
        coarse = torch.rand(1, 3, 24, 32, generator=generator) * 255
        pixels = F.interpolate(coarse, (375, 500), mode="bicubic")[0] + 8 * torch.randn(
            3, 375, 500, generator=generator
        )
        where = folder / f"class_{number % CLASSES:02}"
        where.mkdir(parents=True, exist_ok=True)
        first = where / f"{number}_0.jpg"
        Image.fromarray(pixels.clamp(0, 255).byte().permute(1, 2, 0).numpy()).save(first, quality=90)
        for link in range(1, links):
            os.link(first, where / f"{number}_{link}.jpg")
