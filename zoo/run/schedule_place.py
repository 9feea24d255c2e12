"""Keeps the place of a learning-rate schedule in a resumed run whose epochs have another number of steps."""

import math

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.optim.lr_scheduler import LambdaLR

from zoo.run.console import rank_zero_print
from zoo.run.training_state import Resumed
from zoo.tasks.base import Task


class KeepPlace(Callback):
    """Continues the schedule at the share of training that is over, counted in epochs.

    A schedule counts steps, and an epoch has more or fewer of them after a change of `accumulate_grad_batches`, of
    `limit_train_batches`, or of the number of devices. Without such a change, the schedule stays as it is.
    """

    def __init__(self, resumed: Resumed) -> None:
        self.resumed = resumed

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Replaces the schedule where steps no longer count as before, and prints its place."""
        batches, schedule = trainer.num_training_batches, pl_module.schedule if isinstance(pl_module, Task) else None
        schedulers = [config.scheduler for config in trainer.lr_scheduler_configs]
        if not callable(schedule) or math.isinf(batches) or not isinstance(schedulers[0], LambdaLR):
            return
        each_epoch = math.ceil(batches / trainer.accumulate_grad_batches)
        done = schedulers[0].last_epoch
        within = self.resumed.batches // trainer.accumulate_grad_batches
        left = self._steps_left(trainer, each_epoch, within, done)
        over = self.resumed.epochs * each_epoch + within  # steps, if all epochs had had as many as now
        if done == over or left <= 0:
            return

        def factor(step: int) -> float:
            return schedule(min((over + step - done) / (over + left), 1.0))

        schedulers[0].lr_lambdas = [factor] * len(schedulers[0].lr_lambdas)
        set_rates(schedulers[0])
        place = over / (over + left)
        rank_zero_print(f"an epoch now has {each_epoch} steps: the schedule continues at {place:.0%} of its length")

    def _steps_left(self, trainer: Trainer, each_epoch: int, within: int, done: int) -> float:
        limits = [math.inf]
        if trainer.max_epochs is not None and trainer.max_epochs >= 0:
            limits.append((trainer.max_epochs - self.resumed.epochs) * each_epoch - within)
        if trainer.max_steps >= 0:
            limits.append(trainer.max_steps - done)
        return min(limits)


def set_rates(scheduler: LambdaLR) -> None:
    """Sets the learning rates of the optimizer to those that its schedule has at this step."""
    groups = scheduler.optimizer.param_groups
    for group, factor in zip(groups, scheduler.lr_lambdas, strict=True):
        group["lr"] = group["initial_lr"] * factor(scheduler.last_epoch)
    scheduler._last_lr = [group["lr"] for group in groups]
