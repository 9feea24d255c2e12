"""Training steps of image networks at 224 px in bfloat16 and channels-last, beside a plain loop of the same form."""

from functools import partial

import torch

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.suites.train import torchvision_network
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured, rate
from zoo.run.flops import forward_flops
from zoo.run.run import Run
from zoo.run.throughput import PASSES, peak_flops

SLOWEST = 1 / 0.97  # ratio of times: at least 0.97 of their throughput
BLOCK, BLOCKS = 8, 12  # the host copies the images: many short blocks for a median that its load does not move


def training_case(name: str, settings: Settings, *, batch: int, compiled: bool) -> Case:
    """A training step of a network of the catalog beside torchvision's network in a plain loop."""
    form = "compiled" if compiled else "not compiled"
    return Case(
        name=f"{name}, a training step, 224 px, batch {batch}, bfloat16, channels-last, {form}",
        peer=f"torchvision's in a plain loop, {form}",
        measure=partial(_measure, name, settings, batch=batch, compiled=compiled),
        limit=SLOWEST,
        absent="--quick compiles nothing" if compiled and settings.quick else "",
    )


def _measure(name: str, settings: Settings, *, batch: int, compiled: bool) -> Measured:
    block, blocks, batch = (1, 4, 2) if settings.quick else (BLOCK, BLOCKS, batch)
    steps = block * blocks
    run, loop = _both(name, settings, batch, compiled=compiled, steps=steps)
    found = train_in_turns(run, loop, settings, steps=steps, block=block).steps_measured()
    notes = [rate(found, batch), utilization(run.task, found, batch, settings)]
    return found._replace(note="; ".join(note for note in notes if note))


def compile_run(name: str, settings: Settings, batch: int) -> None:
    """Trains a compiled network of the catalog for two steps."""
    run, _ = _both(name, settings, batch, compiled=True, steps=2)
    train_in_turns(run, _nothing, settings, steps=2)


def compile_loop(name: str, settings: Settings, batch: int) -> None:
    """Trains torchvision's compiled network for two steps."""
    _, loop = _both(name, settings, batch, compiled=True, steps=2)
    for _ in range(2):
        loop()


def _nothing() -> None:
    return None


def _both(name: str, settings: Settings, batch: int, *, compiled: bool, steps: int) -> tuple[Run, PlainLoop]:
    size, classes = (64, 10) if settings.quick else (224, 1000)
    data = RandomImages(size=size, channels=3, num_classes=classes, count=4 * batch, batch_size=batch)
    words = [
        f"model={name}",
        "optimizer=sgd",
        "optimizer.lr=0.001",  # VGG-16 diverges with that of its recipe on random images
        "channels_last=true",
        f"compile={str(compiled).lower()}",
    ]
    words += ["trainer.precision=32-true" if settings.quick else "trainer.precision=bf16-mixed"]
    run = build_run([*words, "callbacks=[]"], data, settings)
    theirs = torchvision_network(name, run.task.network)
    if compiled:
        theirs.compile()
    loop = PlainLoop(
        theirs,
        data,
        run.config,
        settings.device,
        steps=steps,
        bfloat16=not settings.quick,
        layout=torch.channels_last,
    )
    return run, loop


def utilization(task: object, found: Measured, batch: int, settings: Settings) -> str:
    """Model-FLOPs utilization of our side, of the published bfloat16 peak of the device; empty if it is unknown."""
    flops, peak = forward_flops(task), None  # type: ignore[arg-type]
    if settings.device.type == "cuda":
        peak = peak_flops(settings.device, "bf16-mixed", 1)
    if flops is None or peak is None:
        return ""
    share = PASSES * flops * batch / found.ours.wall / peak
    return f"{share:.0%} of the {peak / 1e12:,.0f} TFLOP/s of the device"
