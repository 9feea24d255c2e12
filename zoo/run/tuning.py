"""Finds a learning rate or a batch size with Lightning's tuner."""

import warnings
from contextlib import nullcontext
from typing import Any
from unittest.mock import patch

from pytorch_lightning import Trainer
from pytorch_lightning.tuner import batch_size_scaling
from pytorch_lightning.tuner.tuning import Tuner

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.full_memory import is_out_of_memory
from zoo.run.memory_limit import within_free_memory
from zoo.tasks.base import Task

_FIRST_BATCH = 8  # two identities of four images


def find_learning_rate(trainer: Trainer, task: Task, datamodule: DataModule) -> float:
    """The learning rate at which the loss falls fastest in a short sweep; the weights are restored.

    Source: Smith, "Cyclical Learning Rates for Training Neural Networks", 2015, arXiv:1506.01186, section 3.3.

    Raises:
        ZooError: the loss fell at no rate.
    """
    with _quiet():
        finder = Tuner(trainer).lr_find(task, datamodule=datamodule, update_attr=False)
    suggestion = finder.suggestion() if finder else None
    if suggestion is None:
        raise ZooError("find_lr=true found no learning rate at which the loss falls: give optimizer.lr yourself")
    return float(suggestion)


def find_batch_size(trainer: Trainer, task: Task, datamodule: DataModule) -> int:
    """The largest power of two that fits in memory and in the training split; also set in `datamodule`.

    On a CPU the memory is what is free when the search begins.
    """
    largest = max(len(datamodule.dataset("train")), 1)
    on_cpu = trainer.strategy.root_device.type == "cpu"
    of_onednn = patch.object(batch_size_scaling, "is_oom_error", is_out_of_memory)  # Lightning does not know oneDNN's
    with _quiet(), of_onednn, within_free_memory() if on_cpu else nullcontext():
        Tuner(trainer).scale_batch_size(
            task,
            datamodule=datamodule,
            init_val=_FIRST_BATCH,
            max_trials=max(largest.bit_length() - _FIRST_BATCH.bit_length() + 1, 1),
            steps_per_trial=1,
        )
    return datamodule.batch_size


def _quiet() -> Any:
    return warnings.catch_warnings(action="ignore")
