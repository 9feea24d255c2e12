"""A training loop as one writes it by hand."""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from zoo.config.instantiate import complete, instantiate
from zoo.data.images.base import ImageClassificationData

AUXILIARY_WEIGHT = 0.3


class PlainLoop:
    """Trains on images in memory, one step a call: draw, normalize, forward, backward, update, schedule."""

    def __init__(
        self,
        network: nn.Module,
        data: ImageClassificationData,
        config: Mapping[str, Any],
        device: torch.device,
        *,
        steps: int,
        padding: int = 0,
        bfloat16: bool = False,
        layout: torch.memory_format = torch.contiguous_format,
    ) -> None:
        self.network = network.to(device=device, memory_format=layout).train()  # type: ignore[call-overload]
        self.optimizer, self.schedule = recipe(config, self.network, steps)
        self.padding = padding
        self.bfloat16 = bfloat16
        self.layout = layout
        self.device = device
        dataset = data.dataset("train")
        self.images, self.labels = dataset.images, dataset.labels
        self.mean = torch.tensor(data.preprocessing.mean, device=device).view(-1, 1, 1)
        self.std = torch.tensor(data.preprocessing.std, device=device).view(-1, 1, 1)
        self.batch_size = data.batch_size
        self.order: list[Tensor] = []

    def __call__(self) -> None:
        """Trains on the next batch; reshuffles after the last."""
        if not self.order:
            self.order = list(torch.randperm(len(self.labels)).split(self.batch_size))
            self.order = [part for part in self.order if len(part) == self.batch_size]
        rows = self.order.pop()
        images, labels = self._moved(self.images[rows]), self._moved(self.labels[rows])
        images = F.pad(images, [self.padding] * 4) if self.padding else images
        images = ((images.float() / 255.0 - self.mean) / self.std).to(memory_format=self.layout)
        self.optimizer.zero_grad()
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.bfloat16):
            loss = _loss(self.network(images), labels)
        loss.backward()
        self.optimizer.step()
        self.schedule.step()

    def _moved(self, values: Tensor) -> Tensor:
        """Copies without waiting for the GPU."""
        pinned = values.pin_memory() if self.device.type == "cuda" else values
        return pinned.to(self.device, non_blocking=True)


def recipe(config: Mapping[str, Any], network: nn.Module, steps: int) -> tuple[Optimizer, LambdaLR]:
    """Builds the optimizer and the schedule of a run's configuration, for training of `steps` steps."""
    optimizer = instantiate(complete(config["optimizer"], {}))(network.parameters())
    schedule = instantiate(complete(config["scheduler"], {}))
    return optimizer, LambdaLR(optimizer, lambda step: schedule(min(step / steps, 1.0)))


def _loss(output: Any, labels: Tensor) -> Tensor:
    if isinstance(output, Tensor):
        return F.cross_entropy(output, labels)
    heads = [head for head in (output.aux_logits1, output.aux_logits2) if head is not None]
    auxiliary = torch.stack([F.cross_entropy(head, labels) for head in heads]).sum()
    return F.cross_entropy(output.logits, labels) + AUXILIARY_WEIGHT * auxiliary
