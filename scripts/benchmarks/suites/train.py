"""Training steps; peers: torchvision's and timm's networks in a plain loop."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
import torchvision
from torch import nn

from benchmarks.beside import build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.synthetic import RandomImages
from benchmarks.timing import Measured, rate
from zoo.config.instantiate import locate
from zoo.run.create import catalog_config

NETWORKS = ("alexnet", "vgg16", "resnet50", "googlenet")
SIZE, CLASSES, STEPS = 64, 10, 12
_ANY_LAYOUT = 1 / 0.97  # ratio of times: at least 0.97 of their throughput


def cases(settings: Settings) -> Iterator[Case]:
    """Every network in the same memory layout and in that of `trainer=auto`; ResNet-50 also beside timm's."""
    for name in NETWORKS:
        batch = 64 if name == "resnet50" else 32
        what = f"{name}, a training step, {SIZE} px, batch {batch}"
        peer = "torchvision's in a plain loop"
        yield Case(
            name=f"{what}, both channels-first",
            peer=peer,
            measure=partial(step, name, batch, settings, layout=False),
            limit=_ANY_LAYOUT,
        )
        if not laid_out_by_auto(name):
            continue
        yield Case(
            name=f"{what}, ours as trainer=auto lays it out",
            peer=peer,
            measure=partial(step, name, batch, settings, layout="auto"),
            limit=1.0 if name == "resnet50" else _ANY_LAYOUT,
        )
    yield Case(
        name=f"resnet50, a training step, {SIZE} px, batch 64, ours as trainer=auto lays it out",
        peer="timm's in a plain loop",
        measure=partial(step, "resnet50", 64, settings, layout="auto", peer=_timm),
        needs=("timm",),
    )
    yield _on_gpu(settings)


def step(name: str, batch: int, settings: Settings, *, layout: Any, peer: Any = None) -> Measured:
    """Measures our trainer and a plain loop over the peer's network, which starts from the same weights."""
    batch, steps = (4, 4) if settings.quick else (batch, STEPS)
    data = RandomImages(size=SIZE, channels=3, num_classes=CLASSES, count=4 * batch, batch_size=batch)
    # SGD: two copies of VGG-16 with Adam's moments exceed the memory of small machines
    run = build_run([f"model={name}", "optimizer=sgd", f"channels_last={layout}"], data, settings)
    theirs = (peer or torchvision_network)(name, run.task.network)
    loop = PlainLoop(theirs, data, run.config, settings.device, steps=steps)
    turns = train_in_turns(run, loop, settings, steps=steps)
    found = turns.steps_measured()
    return found._replace(note=rate(found, batch))


def torchvision_network(name: str, ours: nn.Module, **options: Any) -> nn.Module:
    """Builds torchvision's network of that name with the weights of ours."""
    if name == "googlenet":
        options |= {"aux_logits": True, "init_weights": False}
    last = list(ours.state_dict().values())[-1]  # the bias of the last layer
    theirs = getattr(torchvision.models, name)(num_classes=len(last), **options)
    theirs.load_state_dict(ours.state_dict())
    return theirs


def laid_out_by_auto(name: str) -> bool:
    """Returns whether `trainer=auto` selects another layout than channels-first."""
    return bool(getattr(locate(catalog_config(name)["network"]["_target_"]), "channels_last", False))


def _timm(name: str, ours: nn.Module) -> nn.Module:
    import timm

    return timm.create_model(name, num_classes=CLASSES)


def _on_gpu(settings: Settings) -> Case:
    return Case(
        name="resnet50, a training step, 224 px, batch 256, bfloat16, channels-last, compiled",
        peer="torchvision's in a plain loop, bfloat16, channels-last, compiled",
        measure=partial(_gpu_step, settings),
        limit=_ANY_LAYOUT,
        absent="" if settings.device.type == "cuda" else "needs a CUDA device",
    )


def _gpu_step(settings: Settings) -> Measured:
    batch = 8 if settings.quick else 256
    data = RandomImages(size=224, channels=3, num_classes=1000, count=2 * batch, batch_size=batch)
    run = build_run(["model=resnet50", "optimizer=sgd", "trainer=gpu", "compile=true"], data, settings)
    theirs = torchvision_network("resnet50", run.task.network)
    theirs.compile()
    steps = 5 if settings.quick else 60
    loop = PlainLoop(theirs, data, run.config, settings.device, steps=steps, bfloat16=True, layout=torch.channels_last)
    found = train_in_turns(run, loop, settings, steps=steps).steps_measured()
    return found._replace(note=rate(found, batch))
