"""Stretches learning-rate schedules over the steps of a trainer."""

from typing import Any, Literal

from pytorch_lightning import Trainer
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR, ReduceLROnPlateau

from zoo.errors import ZooError
from zoo.optim import Plateau, Schedule


def schedule_over_training(
    optimizer: Optimizer, schedule: Schedule | Plateau, trainer: Trainer, *, monitor: str, mode: Literal["min", "max"]
) -> Any:
    """The optimizer with its schedule, in the form that `configure_optimizers` returns.

    Raises:
        ZooError: the schedule needs an end of training that the trainer lacks.
    """
    if isinstance(schedule, Plateau):
        plateau = ReduceLROnPlateau(
            optimizer, mode=mode, factor=schedule.factor, patience=schedule.patience, min_lr=schedule.min_lr
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": monitor}}
    total = trainer.estimated_stepping_batches
    if total == float("inf"):
        raise ZooError("`scheduler` needs an end of training: give trainer.max_epochs or trainer.max_steps")
    each_step = LambdaLR(optimizer, lambda step: schedule(min(step / total, 1.0)))
    return {"optimizer": optimizer, "lr_scheduler": {"scheduler": each_step, "interval": "step"}}
