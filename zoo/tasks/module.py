"""A LightningModule with cheaper hooks that keeps metrics and thresholds in full precision."""

from collections.abc import Callable
from typing import Any

from pytorch_lightning import LightningModule
from torch import Tensor, nn
from torch.optim import Optimizer

from zoo.networks.norms import frozen_norms_to_eval

LEARNED = ("network", "loss")
"""Children that are converted to the training precision; all other tensors keep theirs."""


class Module(LightningModule):
    """A LightningModule for short steps.

    With LeNet-5 at batch size 64, Lightning's hooks add 1.3 ms to a step of 13 ms in a plain loop; these overrides
    reduce that (`python scripts/benchmark.py suites=[overhead]`).
    """

    network: nn.Module
    newly_initialized: tuple[str, ...] = ()
    """Random layers beside the pretrained ones, as they are listed when weights are loaded."""

    def __setattr__(self, name: str, value: Any) -> None:
        """Skips the search for parameters and modules for a plain attribute; Lightning sets one at every hook."""
        if name in self.__dict__ and (value is None or type(value) is str):
            self.__dict__[name] = value
        else:
            super().__setattr__(name, value)

    @property
    def random_layers(self) -> list[str]:
        """The newly initialized layers that a prediction needs."""
        unused: tuple[str, ...] = getattr(self.network, "beside_prediction", ())  # such as a head of training
        return [line for line in self.newly_initialized if not line.startswith(unused)]

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> nn.Module:
        """Converts the network and the loss to the requested precision; sums, scales and thresholds keep theirs.

        With `trainer.precision=bf16-true` Lightning converts the full task, and a sample count in bfloat16 stops
        at 256.
        """

        def move(tensor: Tensor) -> Tensor:
            moved = fn(tensor)
            return moved if moved.dtype == tensor.dtype else tensor.to(moved.device)

        for name, child in self.named_children() if recurse else ():
            child._apply(fn if name in LEARNED else move)
        return super()._apply(move, recurse=False)

    def on_fit_start(self) -> None:
        """Leaves eval mode, in which `zoo.load` returns a task: Lightning would train with constant batch norms.

        Batch norms with frozen weights stay in eval mode. A task in training mode keeps the modes of its modules.
        Layers that were new beside pretrained ones are so no longer.
        """
        self.newly_initialized = ()
        if not self.training:
            self.train()
            frozen_norms_to_eval(self.network)

    def configure_gradient_clipping(
        self, optimizer: Optimizer, gradient_clip_val: float | None = None, gradient_clip_algorithm: str | None = None
    ) -> None:
        """Clips if requested; Lightning checks its options at every step even if not."""
        if gradient_clip_val is not None:
            self.clip_gradients(optimizer, gradient_clip_val, gradient_clip_algorithm)
