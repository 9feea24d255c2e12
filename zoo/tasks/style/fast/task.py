"""Style transfer in one pass: a network that restyles any image in one style."""

import time
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.data.style.base import StyleData
from zoo.losses.perceptual import Costs
from zoo.metrics.mean import MeanLoss
from zoo.tasks.export import Program
from zoo.tasks.stages import Stage
from zoo.tasks.style.base import StyleTask
from zoo.tasks.style.costs import values_of
from zoo.tasks.style.fast.export import style_program

_CALIBRATION = 16  # training images that scale the feature maps
_SHIFT = 1  # pixels between two neighboring frames


class FastStyle(StyleTask):
    """A network that restyles batches of images [B 3 H W] in [0, 1], trained for the style of its data.

    Johnson et al., Perceptual Losses for Real-Time Style Transfer and Super-Resolution, 2016 (arXiv:1603.08155). The
    costs are those that `StyleTransfer` minimizes for one image.

    The test also measures `flicker`: the root mean square difference between the restyled image and that of the
    same image moved by a pixel, once it is moved back. It stands for neighboring frames of a video.
    """

    kind = "fast style"
    monitor = "val/cost"
    monitor_mode: ClassVar[Literal["min", "max"]] = "min"

    def __init__(self, *, network: nn.Module, loss: nn.Module) -> None:
        super().__init__(network=network, loss=loss)
        self.flicker, self.ms_per_image = MeanLoss(), MeanLoss()

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns restyled images of the same size."""
        found: Tensor = self.forward_network(images)
        return found[..., : images.shape[-2], : images.shape[-1]]

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """The images."""
        return (batch,)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros [B 3 S S] in the size of training."""
        if "preprocessing" not in self.card:
            return None
        size = self.card["preprocessing"]["size"]
        return (torch.zeros(batch_size, 3, size, size),)

    @classmethod
    def nominal_inputs(cls, network: Any) -> tuple[Tensor, ...]:
        """Zeros [1 3 256 256], the size of the paper."""
        return (torch.zeros(1, 3, 256, 256),)

    def setup(self, stage: str) -> None:
        """Takes the style from the data, and scales the feature maps on training images."""
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, StyleData):
            self.note_weights()
            train = data.dataset("train")
            first = data.normalize(train[torch.arange(min(_CALIBRATION, len(train)))])
            self.prepare(list(first.split(1)), data.styles(), data.blend)

    def step(self, batch: Float[Tensor, "b 3 h w"], stage: Stage) -> Tensor:
        """The mean cost of the restyled images of a batch."""
        started = time.perf_counter()
        found = self(batch).float()
        if stage == "test":
            self._measure_frames(batch, found, time.perf_counter() - started)
        costs: Costs = self.loss(found, self.perceptual.content(batch))
        for name, value in values_of(costs).items():
            self.metrics[stage][name].update(value, len(batch))
        return costs.total

    def _measure_frames(self, batch: Tensor, found: Tensor, seconds: float) -> None:
        if batch.is_cuda:
            torch.cuda.synchronize(batch.device)
        next_frame = self(batch[..., _SHIFT:]).float()
        difference = next_frame - found[..., _SHIFT:]
        inner = difference[..., 16:-16, 16:-16] if min(difference.shape[-2:]) > 64 else difference
        self.flicker.update(inner.square().mean().sqrt(), len(batch))
        self.ms_per_image.update(torch.tensor(1000 * seconds / len(batch)), len(batch))

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

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The network for images of any size; with preprocessing, pixels are 0 … 255 on both sides."""
        return style_program(self.network, self.export_metadata(), with_preprocessing=with_preprocessing)
