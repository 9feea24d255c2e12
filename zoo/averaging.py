"""A moving average of the weights that is validated, tested and saved."""

from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor


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

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Takes up the average where training goes on; leaves a test with what the checkpoint saved."""
        if trainer.state.fn == TrainerFn.FITTING:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
