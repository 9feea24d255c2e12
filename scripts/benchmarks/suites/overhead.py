"""Overhead of our trainer in a step; peer: a plain loop over the same network."""

from collections.abc import Iterator

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured
from zoo.networks.lenet import LeNet5

BATCH, STEPS = 64, 600


def cases(settings: Settings) -> Iterator[Case]:
    """LeNet-5, the smallest network, where the overhead is the largest share."""
    yield Case(
        name=f"LeNet-5, a training step, batch {BATCH}, callbacks and loggers as train.py has them",
        peer="a plain loop",
        measure=lambda: lenet_step(settings),
        limit=1.15,
    )


def lenet_step(settings: Settings) -> Measured:
    """Measures our trainer and a plain loop on the same images with the same optimizer and schedule."""
    steps = 5 if settings.quick else STEPS
    data = RandomImages(size=32, channels=1, num_classes=10, count=20 * BATCH, batch_size=BATCH)
    run = build_run(["model=lenet5"], data, settings)
    loop = PlainLoop(LeNet5(), data, run.config, settings.device, steps=steps)
    return train_in_turns(run, loop, settings, steps=steps).steps_measured()
