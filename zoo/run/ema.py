"""A moving average of the weights that is validated, tested and saved."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor

from zoo.run.sharding import divide_like, gathered, load_whole


class MovingAverage(WeightAveraging):
    """Lightning's weight averaging with an exponential average that forgets its start.

    The decay of step n is the smaller of `decay` and (1 + n) / (10 + n), so that a short run is not held back by its
    first weights (as in TensorFlow's ExponentialMovingAverage). When a checkpoint is loaded for a test, the averaged
    weights stay: Lightning's own callback puts the last unaveraged ones in their place.
    """

    def __init__(self, *, decay: float) -> None:
        def average(averaged: Tensor, current: Tensor, count: Tensor | int) -> Tensor:
            keep = min(decay, (1 + int(count)) / (10 + int(count)))
            return torch.lerp(averaged.to(torch.float32), current.to(torch.float32), 1 - keep).to(averaged.dtype)

        super().__init__(avg_fn=average)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Divides the average among the processes where the weights are (trainer=fsdp)."""
        assert self._average_model is not None
        divide_like(self._average_model.module, pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Saves the average whole, however it is divided."""
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        checkpoint["state_dict"] = gathered(checkpoint["state_dict"])

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Takes up the average where training goes on; leaves a test with what the checkpoint saved."""
        if trainer.state.fn != TrainerFn.FITTING:
            return
        if "state_dict" in checkpoint:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
            return
        assert self._average_model is not None  # trainer=fsdp has loaded the average into the weights, and kept nothing
        self._average_model.module.load_state_dict(pl_module.state_dict())
        self._average_model.load_state_dict(checkpoint.get("averaging_state", {}), strict=False)
        load_whole(pl_module, checkpoint.get("current_model_state", {}))
