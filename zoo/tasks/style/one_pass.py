"""What the networks of style transfer share that restyle an image in one pass."""

import time
from collections.abc import Callable
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.metrics.mean import MeanLoss
from zoo.tasks.style.base import StyleTask

CALIBRATION = 16  # training images that scale the feature maps
_SHIFT = 1  # pixels between two neighboring frames


class OnePassTask(StyleTask):
    """A task whose network restyles batches of images [B 3 H W] in [0, 1].

    The test also measures `flicker`: the root mean square difference between the restyled image and that of the
    same image moved by a pixel, once it is moved back. It stands for neighboring frames of a video.
    """

    monitor = "val/cost"
    monitor_mode: ClassVar[Literal["min", "max"]] = "min"

    def __init__(self, *, network: nn.Module, loss: nn.Module) -> None:
        super().__init__(network=network, loss=loss)
        self.flicker, self.ms_per_image = MeanLoss(), MeanLoss()
        self.optimized: list[Tensor] = []
        """The optimized images [1 3 H W] of the first test images, once the baselines are measured."""

    def restyle_measured(
        self, images: Float[Tensor, "b 3 h w"], restyle: Callable[[Tensor], Tensor]
    ) -> Float[Tensor, "b 3 h w"]:
        """Returns the restyled images, and measures the time of each and the flicker."""
        started = time.perf_counter()
        found = restyle(images).float()
        if images.is_cuda:
            torch.cuda.synchronize(images.device)
        seconds = time.perf_counter() - started
        difference = restyle(images[..., _SHIFT:]).float() - found[..., _SHIFT:]
        inner = difference[..., 16:-16, 16:-16] if min(difference.shape[-2:]) > 64 else difference
        self.flicker.update(inner.square().mean().sqrt(), len(images))
        self.ms_per_image.update(torch.tensor(1000 * seconds / len(images)), len(images))
        return found

    def on_test_start(self) -> None:
        """Drops the measures of an earlier test."""
        for metric in (self.flicker, self.ms_per_image):
            metric.reset()

    def on_test_epoch_end(self) -> None:
        """Logs the costs, the flicker and the time of an image."""
        if self.flicker.update_called:
            values = {"test/flicker": self.flicker.compute(), "test/ms_per_image": self.ms_per_image.compute()}
            self.log_dict(values, sync_dist=False)
        super().on_test_epoch_end()

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Float[Tensor, "b 3 h w"]:
        """Restyled images."""
        return self(batch)
