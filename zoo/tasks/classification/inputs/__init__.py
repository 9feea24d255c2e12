"""The kinds of samples that a classifier reads."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from zoo.config.instantiate import argument
from zoo.errors import ZooError
from zoo.tasks.classification.inputs.base import Inputs

_IMAGE_SIZE = 224  # as ImageNet networks are measured
KINDS = {"images": "images.Images", "volumes": "volumes.Volumes", "clips": "clips.Clips"}
"""The values of `inputs` in a card, each with the module and class that reads such samples."""


def inputs_of(card: Mapping[str, Any]) -> Inputs:
    """Returns the reader of a classifier's samples from its card; a card without `inputs` is that of images.

    Raises:
        ZooError: another kind of sample.
    """
    name = card.get("inputs", "images")
    if not isinstance(name, str) or name not in KINDS:
        raise ZooError(f"this classifier reads {name!s:.60}, and here are: {', '.join(KINDS)}")
    module, _, kind = KINDS[name].partition(".")
    reader: Inputs = getattr(import_module(f"{__name__}.{module}"), kind)(card)
    return reader


def nominal_inputs(network: Mapping[str, Any]) -> tuple[Tensor, ...]:
    """Returns one sample for a completed configuration of a network: in its own size, or 224×224 if it takes any."""
    side = argument(network, "image_size", _IMAGE_SIZE)
    size = argument(network, "volume_size", (side, side))
    return (torch.zeros(1, argument(network, "in_channels", 3), *size),)
