"""The networks of the part `networks` compiled, as for long runs.

Compiling takes longer than measuring, so processes beside each other compile first, and the measurements find the
kernels in the cache of TorchInductor. They still choose among the forms of a kernel themselves: a choice made beside
other work would be that of chance.
"""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial

import torch

from benchmarks.cases import Case
from benchmarks.clock import now, since
from benchmarks.gpu.inference import image_case
from benchmarks.gpu.networks import BATCHES
from benchmarks.gpu.training import compile_loop, compile_run, training_case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side
from zoo.hardware import cores
from zoo.run.console import quiet_lightning

_PROCESSES = 5
"""At once: those of the largest networks need 40 GiB together."""


def cases(settings: Settings) -> Iterator[Case]:
    """Compilation, then training of each network and inference of ResNet-50."""
    inference = image_case("resnet50", settings, compiled=True)
    yield Case(
        name="compiling for the rows below, in processes beside each other",
        peer="nothing",
        measure=partial(_compile_all, settings),
        absent=inference.absent,
    )
    for name, batch in BATCHES.items():
        yield training_case(name, settings, batch=batch, compiled=True)
    yield inference


def _compile_all(settings: Settings) -> Measured:
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(settings.scratch / "compiled")  # of the processes, then of this one
    compilers = max(cores() // _PROCESSES, 1)
    own = {"TORCHINDUCTOR_COMPILE_THREADS": str(compilers), "TORCHINDUCTOR_AUTOTUNE_LOCAL_CACHE": "0"}
    longest_first = sorted(BATCHES, key=["googlenet", "resnet50", "vgg16", "alexnet"].index)
    sides = [part for name in longest_first for part in (partial(compile_run, name), partial(compile_loop, name))]
    began = now()
    with ProcessPoolExecutor(
        _PROCESSES,
        mp_context=multiprocessing.get_context("spawn"),
        initializer=_prepare,
        initargs=(own, torch.get_num_threads()),
        max_tasks_per_child=1,  # which gives the memory of the GPU back
    ) as pool:
        ended = [pool.submit(side, settings, BATCHES[side.args[0]]) for side in sides]
        ended.append(pool.submit(_compile_inference, settings))
        for each in ended:
            each.result()
    return Measured(Side(*since(began)), None, None, None, None, 1, "wall", f"{_PROCESSES} processes at once")


def _compile_inference(settings: Settings) -> None:
    image_case("resnet50", replace(settings, seconds=0.0), compiled=True).measure()


def _prepare(environment: dict[str, str], threads: int) -> None:
    os.environ.update(environment)
    torch.set_num_threads(threads)  # part of the key of the cache
    quiet_lightning()
