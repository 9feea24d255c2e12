"""A step on tensors that claim to be on a GPU; it fails where tensors of two devices meet."""

from typing import Any, NamedTuple
from unittest.mock import patch

import torch
from device_waits import Waits
from small_runs import set_up
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.symbolic_shapes import ShapeEnv
from torch.utils._pytree import tree_map_only

from zoo.run.run import Run

GPU = torch.device("cuda")


class AssumedValues(ShapeEnv):
    """Assumes a value where only the data knows it, so that sizes stay plain numbers and Python can branch."""

    def create_unbacked_symint(self, source: Any = None) -> Any:
        """The number of rows of a mask, or an integer that is read."""
        return 2

    def create_unbacked_symfloat(self) -> Any:
        """A floating-point number that is read."""
        return 1.0

    def create_unbacked_symbool(self) -> Any:
        """A truth that is read."""
        return True


class Steps(NamedTuple):
    """The losses of a training and a validation step, and the waits of each, with augmentation and metrics.

    A training step that optimizes by itself returns no loss.
    """

    losses: list[Tensor]
    waits: list[str]
    validation_waits: list[str]


def train_and_validate_on_fake_gpu(run: Run) -> Steps:
    """Moves task, metrics and a batch to a fake GPU as Lightning does, and takes a training and a validation step.

    Raises:
        RuntimeError: an operation has tensors of two devices.
    """
    data, task = run.datamodule, run.task
    set_up(task, data)
    batch = next(iter(data.train_dataloader()))
    fake = FakeTensorMode(shape_env=AssumedValues(), static_shapes=True, allow_non_fake_inputs=True)
    numbers = patch("torch.fx.experimental.symbolic_shapes._constrain_range_for_size")  # refuses plain numbers
    bins = patch("torch.bincount", lambda x, minlength: torch.zeros(minlength, dtype=torch.long, device=x.device))
    no_cudnn = torch.backends.cudnn.flags(enabled=False)  # it would lay out the weights of an RNN anew
    with fake, numbers, bins, no_cudnn:
        task.to(GPU)
        batch = data.on_before_batch_transfer(tree_map_only(Tensor, fake.from_tensor, batch), 0)
        batch = data.transfer_batch_to_device(batch, GPU, 0)
        with Waits() as waits:
            trained = task.training_step(data.normalize(data.augment(batch)), batch_idx=1)
        with Waits() as validation_waits:
            validated = task.step(data.normalize(batch), "val")
        losses = [loss for loss in (trained, validated) if loss is not None]
        return Steps(losses, waits.found, validation_waits.found)
