"""LeNet-5: an epoch over data of MNIST's size, with validation and checkpoints."""

from collections.abc import Iterator
from functools import partial

import torch

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured
from zoo.networks.lenet import LeNet5

IMAGES, EVALUATED, BATCH, EPOCHS = 60_000, 10_000, 256, 6


def cases(settings: Settings) -> Iterator[Case]:
    """Whole epochs."""
    yield Case(
        name=f"LeNet-5, an epoch of {IMAGES:,} images of 32 px, batch {BATCH}, with validation and checkpoint",
        peer="a plain loop with validation",
        measure=partial(_epoch, settings),
    )


def _epoch(settings: Settings) -> Measured:
    images, batch = (40, 8) if settings.quick else (IMAGES, BATCH)
    evaluated = 16 if settings.quick else EVALUATED
    data = RandomImages(size=32, channels=1, num_classes=10, count=images, batch_size=batch, evaluated=evaluated)
    words = ["model=lenet5", "optimizer=adam", "trainer.precision=32-true"]
    run = build_run(words, data, settings)
    steps = len(run.datamodule.train_dataloader())
    loop = PlainLoop(LeNet5(), data, run.config, settings.device, steps=EPOCHS * steps)
    done = 0

    def step() -> None:
        nonlocal done
        loop()
        done += 1
        if done % steps == 0:
            _validate(loop, data, settings)

    turns = train_in_turns(run, step, settings, steps=steps, epochs=EPOCHS, validate=True, block=steps)
    found = turns.steps_measured()
    ours, theirs = (side._replace(cpu=side.cpu * steps, wall=side.wall * steps) for side in (found.ours, found.theirs))  # type: ignore[union-attr]
    return found._replace(ours=ours, theirs=theirs, note=f"{steps} steps an epoch")


@torch.no_grad()
def _validate(loop: PlainLoop, data: RandomImages, settings: Settings) -> None:
    loop.network.eval()
    correct = torch.zeros((), device=settings.device)
    for images, labels in data.loader("val"):
        images, labels = data.normalize((images.to(settings.device), labels.to(settings.device)))
        correct += (loop.network(images).argmax(1) == labels).sum()
    float(correct)
    loop.network.train()
