"""The networks of the part `networks` compiled, as for long runs.

Compiling takes longer than measuring, so processes beside each other compile first, and the measurements find the
kernels in the cache of TorchInductor. They still choose among the forms of a kernel themselves: a choice made beside
other work would be that of chance.
"""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import torch

from benchmarks.cases import Case
from benchmarks.clock import now, since
from benchmarks.gpu.inference import image_case
from benchmarks.gpu.networks import BATCHES
from benchmarks.gpu.training import BLOCKS, training_case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side
from zoo.hardware import cores
from zoo.run.console import quiet_lightning

_FEWEST_BLOCKS = 3


def cases(settings: Settings) -> Iterator[Case]:
    """Compilation, then training of each network and inference of ResNet-50."""
    measured = _measured(settings)
    yield Case(
        name=f"compiling for the {len(measured)} rows below, in processes beside each other",
        peer="nothing",
        measure=partial(_compile_all, settings),
        absent=measured[0].absent,
    )
    yield from measured


def _measured(settings: Settings, blocks: int = BLOCKS) -> Sequence[Case]:
    training = [
        training_case(name, settings, batch=batch, compiled=True, blocks=blocks) for name, batch in BATCHES.items()
    ]
    return [*training, image_case("resnet50", settings, compiled=True)]


def _compile_all(settings: Settings) -> Measured:
    count = len(_measured(settings))
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(settings.scratch / "compiled")  # of the processes, then of this one
    each = max(cores() // count, 1)
    own = {"TORCHINDUCTOR_COMPILE_THREADS": str(each), "TORCHINDUCTOR_AUTOTUNE_LOCAL_CACHE": "0"}
    began = now()
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(count, mp_context=context, initializer=_prepare, initargs=(own, each)) as pool:
        list(pool.map(partial(_compile, settings), range(count)))
    return Measured(Side(*since(began)), None, None, None, None, 1, "wall", f"{count} processes")


def _prepare(environment: dict[str, str], threads: int) -> None:
    os.environ.update(environment)
    torch.set_num_threads(threads)
    quiet_lightning()


def _compile(settings: Settings, number: int) -> None:
    _measured(settings, _FEWEST_BLOCKS)[number].measure()
