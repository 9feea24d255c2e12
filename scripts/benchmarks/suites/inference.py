"""Inference; peers: torchvision's and timm's networks in eval mode."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.suites.train import NETWORKS, laid_out_by_auto, torchvision_network
from benchmarks.timing import Measured, compare, rate
from zoo.run.build import frozen_inference, prepare_network
from zoo.run.create import create_model
from zoo.tasks.base import Task

SIZE, BATCH = 224, 8
_AS_ONE = 5e-6  # relative to the largest logit: rounding of two layouts or compilers


def cases(settings: Settings) -> Iterator[Case]:
    """Every network in the same memory layout and in that of `trainer=auto`; ResNet-50 compiled."""
    batch = 1 if settings.quick else BATCH
    for name in NETWORKS:
        what, peer = f"{name}, {SIZE} px, batch {BATCH}", "torchvision's in eval"
        yield Case(
            name=f"{what}, both channels-first and in inference_mode",
            peer=peer,
            measure=partial(_beside, name, settings, batch, torch.inference_mode),
            limit=1.0,
        )
        if laid_out_by_auto(name):
            yield Case(
                name=f"{what}, ours as trainer=auto lays it out",
                peer=f"{peer}, no_grad",
                measure=partial(_beside, name, settings, batch, torch.no_grad, channels_last=True),
                limit=1.0,
            )
    yield Case(
        name=f"resnet50, {SIZE} px, batch {BATCH}, ours compiled",
        peer="torchvision's in eval, no_grad",
        measure=partial(_beside, "resnet50", settings, batch, torch.no_grad, channels_last=True, compiled=True),
        limit=0.8,
        absent="--quick compiles nothing" if settings.quick else "",
    )
    yield Case(
        name=f"resnet50, {SIZE} px, batch {BATCH}, ours as trainer=auto lays it out",
        peer="timm's in eval, no_grad",
        measure=partial(_timm, settings, batch),
        needs=("timm",),
    )
    yield Case(
        name=f"resnet50, {SIZE} px, batch 256, bfloat16, channels-last, compiled",
        peer="torchvision's, bfloat16, channels-last, compiled",
        measure=partial(_on_gpu, settings),
        limit=1.0,
        absent="" if settings.device.type == "cuda" else "needs a CUDA device",
    )


def _beside(
    name: str,
    settings: Settings,
    batch: int,
    their_mode: Callable[[], Any],
    *,
    channels_last: bool = False,
    compiled: bool = False,
) -> Measured:
    task = create_model(name).eval()
    theirs = torchvision_network(name, task.network).eval()
    prepare_network(task, channels_last=channels_last, compiled=compiled)
    with frozen_inference(compiled=compiled):
        return _compare(task, theirs, settings, batch, their_mode)


def _timm(settings: Settings, batch: int) -> Measured:
    import timm

    task = create_model("resnet50").eval()
    theirs = timm.create_model("resnet50").eval()
    theirs.load_state_dict(task.network.state_dict())
    prepare_network(task, channels_last=True, compiled=False)
    return _compare(task, theirs, settings, batch, torch.no_grad)


def _compare(task: Task, theirs: nn.Module, settings: Settings, batch: int, their_mode: Callable[[], Any]) -> Measured:
    task.to(settings.device)
    theirs.to(settings.device)
    images = torch.randn(batch, 3, SIZE, SIZE, device=settings.device)

    def answer_ours() -> Tensor:
        with torch.inference_mode():
            return task(images)

    def answer_theirs() -> Tensor:
        with their_mode():
            return theirs(images)

    ours, other = answer_ours(), answer_theirs()
    apart = float((ours - other).abs().max() / other.abs().max())
    found = compare(answer_ours, answer_theirs, settings)
    same = "same logits" if apart < _AS_ONE else f"logits apart by {apart:.0e} of the largest"
    return found._replace(note=f"{rate(found, batch)}; {same}")


def _on_gpu(settings: Settings) -> Measured:
    batch = 8 if settings.quick else 256
    task = create_model("resnet50").eval().to(settings.device)
    theirs = torchvision_network("resnet50", task.network).eval().to(settings.device)
    theirs = theirs.to(memory_format=torch.channels_last)
    prepare_network(task, channels_last=True, compiled=True)
    theirs.compile()
    images = torch.randn(batch, 3, SIZE, SIZE, device=settings.device).to(memory_format=torch.channels_last)

    def answer(network: nn.Module) -> Tensor:
        with torch.inference_mode(), torch.autocast("cuda", torch.bfloat16):
            return network(images)

    found = compare(lambda: answer(task), lambda: answer(theirs), settings)
    return found._replace(note=rate(found, batch))
