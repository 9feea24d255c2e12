"""Finds a learning rate or a batch size with Lightning's tuner."""

import warnings
from typing import Any

from pytorch_lightning import Trainer
from pytorch_lightning.tuner.tuning import Tuner

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.tasks.base import Task


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
    """The largest power of two that fits in memory and in the training split; also set in `datamodule`."""
    largest = max(len(datamodule.dataset("train")), 1)
    with _quiet():
        Tuner(trainer).scale_batch_size(
            task, datamodule=datamodule, init_val=2, max_trials=largest.bit_length() - 2, steps_per_trial=1
        )
    return datamodule.batch_size


def _quiet() -> Any:
    return warnings.catch_warnings(action="ignore")
