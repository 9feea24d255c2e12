"""Inference of each kind of model, in bfloat16 where images are read."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.suites.train import NETWORKS, torchvision_network
from benchmarks.timing import Measured, compare, rate
from zoo.run.build import prepare_network
from zoo.run.create import create_model

BATCH = 256
OTHERS = {
    "lenet5": (1024, (1, 32, 32)),
    "yolo": (64, (3, 416, 416)),
    "siamese": (1024, (1, 32, 32)),
    "gru": (1024, (32, 1)),
}


def cases(settings: Settings) -> Iterator[Case]:
    """The image networks beside torchvision's, the others beside their bare networks."""
    for name in NETWORKS:
        yield image_case(name, settings, compiled=False)
    for name in OTHERS:
        batch = OTHERS[name][0]
        yield Case(
            name=f"{name}, inference, batch {batch}{'' if name == 'gru' else ', bfloat16'}",
            peer="its network alone, in inference_mode",
            measure=partial(_other, name, settings),
        )


def image_case(name: str, settings: Settings, *, compiled: bool) -> Case:
    """Inference of an image network beside torchvision's."""
    form = ", compiled" if compiled else ""
    return Case(
        name=f"{name}, inference, 224 px, batch {BATCH}, bfloat16, channels-last{form}",
        peer=f"torchvision's in eval{form}",
        measure=partial(_images, name, settings, compiled=compiled),
        absent="--quick compiles nothing" if compiled and settings.quick else "",
    )


def _images(name: str, settings: Settings, *, compiled: bool) -> Measured:
    batch, size = (2, 64) if settings.quick else (BATCH, 224)
    task = create_model(name).eval().to(settings.device)
    theirs = torchvision_network(name, task.network).eval().to(settings.device)
    theirs = theirs.to(memory_format=torch.channels_last)
    prepare_network(task, channels_last=True, compiled=compiled)
    if compiled:
        theirs.compile()
    images = torch.randn(batch, 3, size, size, device=settings.device).to(memory_format=torch.channels_last)
    return _beside(task.predict_step, lambda x: theirs(x).float().softmax(1), images, batch, settings)


def _other(name: str, settings: Settings) -> Measured:
    batch, shape = OTHERS[name]
    batch, shape = (2, (3, 64, 64) if name == "yolo" else shape) if settings.quick else (batch, shape)
    task: Any = create_model(name).eval().to(settings.device)
    inputs = torch.rand(batch, *shape, device=settings.device)
    return _beside(task, task.network, inputs, batch, settings)


def _beside(
    ours: Callable[[Tensor], Any], theirs: Callable[[Tensor], Any], inputs: Tensor, batch: int, settings: Settings
) -> Measured:
    def answer(network: Callable[[Tensor], Any]) -> Any:
        with (
            torch.inference_mode(),
            torch.autocast(settings.device.type, torch.bfloat16, enabled=not settings.quick and inputs.ndim == 4),
        ):
            return network(inputs)

    found = compare(partial(answer, ours), partial(answer, theirs), settings)
    return found._replace(note=rate(found, batch, "images" if inputs.ndim == 4 else "windows"))
