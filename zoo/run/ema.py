"""An exponential moving average of the weights, which is validated, tested and saved."""

from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from typing import Any

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks.weight_averaging import WeightAveraging
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.distributed.tensor import DTensor
from torch.optim.swa_utils import AveragedModel

from zoo.errors import ZooError
from zoo.run.sharding import full_state_dict, load_full_state_dict, shard_like
from zoo.tasks.base import Task


class MovingAverage(WeightAveraging):
    """Lightning's weight averaging with the average below, on the device of the weights.

    A checkpoint loaded for a test keeps the averaged weights; Lightning's callback would replace them by the current
    ones. Buffers in `Task.not_averaged` always keep the task's current values.

    Raises:
        ZooError: a `decay` outside [0, 1), with which the average does not follow the weights.
    """

    def __init__(self, *, decay: float) -> None:
        super().__init__()
        if not 0.0 <= decay < 1.0:
            raise ZooError(f"`callbacks.ema.decay` (={decay}) must lie in [0, 1): the part that the old average keeps")
        self.decay = decay
        self._average_model: ExponentialAverage | None = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Copies the task."""
        if stage == "fit":
            assert isinstance(pl_module, Task)
            self._average_model = ExponentialAverage(pl_module, decay=self.decay, not_averaged=pl_module.not_averaged)

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Moves the copy to the device of the weights, sharded like them (trainer=fsdp)."""
        shard_like(self._average.module, pl_module)
        self._average.to(pl_module.device)

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copies the buffers that validation has set, such as a threshold or intervals."""
        if self._average_model is not None:
            self._average_model.copy_not_averaged(pl_module)

    def on_save_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Saves the average as full tensors, sharded or not."""
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        checkpoint["state_dict"] = full_state_dict(checkpoint["state_dict"])

    def on_load_checkpoint(self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]) -> None:
        """Restores the average to resume training; a test keeps the weights of the checkpoint."""
        if trainer.state.fn != TrainerFn.FITTING:
            return
        if "state_dict" in checkpoint:
            super().on_load_checkpoint(trainer, pl_module, checkpoint)
            return
        # trainer=fsdp has loaded the average into the weights and dropped the state dict.
        self._average.module.load_state_dict(pl_module.state_dict())
        self._average.load_state_dict(checkpoint.get("averaging_state", {}), strict=False)
        load_full_state_dict(pl_module, checkpoint.get("current_model_state", {}))

    @property
    def _average(self) -> "ExponentialAverage":
        assert self._average_model is not None
        return self._average_model


class ExponentialAverage(AveragedModel):
    """A moving average of a model's weights, updated with one `foreach` kernel for each float dtype.

    The decay of update n is min(`decay`, (1 + n) / (10 + n)), as in TensorFlow's ExponentialMovingAverage, so that a
    short run forgets its initial weights. Integers and the buffers named in `not_averaged` are copied. Updates are
    counted in Python: reading `n_averaged` would synchronize with the GPU at every step.
    """

    def __init__(self, model: nn.Module, *, decay: float, not_averaged: frozenset[str] = frozenset()) -> None:
        super().__init__(model, use_buffers=True)
        self.decay = decay
        self.not_averaged = not_averaged
        self.updates = 0

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Moves the average towards the weights of `model`; the first update copies them."""
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        groups: dict[torch.dtype, tuple[list[Tensor], list[Tensor]]] = defaultdict(lambda: ([], []))
        for name, average, current in self._pairs(model):
            if self.updates and average.is_floating_point() and name not in self.not_averaged:
                averages, currents = groups[average.dtype]
                averages.append(average)
                currents.append(current)
            else:
                average.copy_(current)
        for averages, currents in groups.values():
            torch._foreach_lerp_(averages, currents, 1 - decay)
        self.updates += 1
        self.n_averaged += 1

    @torch.no_grad()
    def copy_not_averaged(self, model: nn.Module) -> None:
        """Copies the buffers named in `not_averaged`."""
        for name, average, current in self._pairs(model):
            if name in self.not_averaged:
                average.copy_(current)

    def load_state_dict(self, *args: Any, **kwargs: Any) -> Any:
        """Loads the state and restores the number of updates."""
        result = super().load_state_dict(*args, **kwargs)
        self.updates = int(self.n_averaged)
        return result

    def _pairs(self, model: nn.Module) -> Iterator[tuple[str, Tensor, Tensor]]:
        """Yields name, average and current value of each parameter and buffer; for a sharded one, the local shard."""
        ours = chain(self.module.named_parameters(), self.module.named_buffers())
        theirs = chain(model.parameters(), model.buffers())
        for (name, average), current in zip(ours, theirs, strict=True):
            yield name, _local(average), _local(current)


def _local(tensor: Tensor) -> Tensor:
    return tensor.to_local() if isinstance(tensor, DTensor) else tensor.detach()
