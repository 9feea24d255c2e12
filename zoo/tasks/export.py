"""The exportable program of a task: a module, check inputs and metadata."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError


@dataclass(frozen=True, kw_only=True)
class Program:
    """A module with one input, named after the parameter of its `forward`, and the metadata of the exported file."""

    module: nn.Module
    inputs: Callable[[int], Tensor]
    """Makes a batch of a given size, such as images [B C H W] of noise in the expected range."""
    metadata: Mapping[str, Any]
    """Plain values that the file stores as JSON."""
    outputs: Sequence[str] = ()
    """Names of the outputs in an ONNX file; empty: as the exporter names them."""
    longest: int | None = None
    """Largest size of the second dimension, if the file takes any up to it."""
    multiple: int | None = None
    """What height and width [B C H W] must be multiples of, if the file takes images of any such size."""
    stricter: nn.Module | None = None
    """A variant with a threshold that noise exceeds, exported for the comparison only."""


class ImageProgram(nn.Module):
    """A network with one image input, optionally with normalization in front."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: Preprocessing | None) -> None:
        super().__init__()
        self.network = network
        self.normalizes = preprocessing is not None
        if preprocessing is not None:
            self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1) * 255)
            self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1) * 255)

    def forward(self, images: Tensor) -> Any:
        """Returns the output of the network, without those of auxiliary heads."""
        if self.normalizes:
            images = (images - self.mean) / self.std
        output = self.network(images)
        return output.logits if hasattr(output, "logits") else output


def image_program(network: nn.Module, metadata: Mapping[str, Any], *, with_preprocessing: bool) -> Program:
    """The program of a network with one image input: pixels in [0, 255] with preprocessing, else normalized images.

    Raises:
        ZooError: the metadata has no preprocessing of images.
    """
    preprocessing = require_preprocessing(metadata, with_preprocessing=with_preprocessing)
    program = ImageProgram(network, Preprocessing.from_dict(preprocessing) if with_preprocessing else None)
    low, high = (0.0, 255.0) if with_preprocessing else (-1.0, 1.0)
    return Program(
        module=program,
        inputs=lambda batch: noise(preprocessing, batch, low, high),
        metadata={**metadata, "normalizes": with_preprocessing},
    )


def require_preprocessing(metadata: Mapping[str, Any], *, with_preprocessing: bool) -> Mapping[str, Any]:
    """The preprocessing in the metadata of a model.

    Raises:
        ZooError: the metadata has none, or it has no normalization although that is requested.
    """
    if metadata.get("preprocessing") is None:
        raise ZooError(f"{metadata.get('model') or 'this model'} is not a network of images; those alone are exported")
    preprocessing: Mapping[str, Any] = metadata["preprocessing"]
    if with_preprocessing and "mean" not in preprocessing:
        raise ZooError("`with_preprocessing`: this model's images are not normalized, so there is nothing to add")
    return preprocessing


def noise(preprocessing: Mapping[str, Any], batch: int, low: float, high: float) -> Tensor:
    """Images [B C H W] of uniform noise in [low, high); the batch size is the seed."""
    generator = torch.Generator().manual_seed(batch)
    shape = (batch, preprocessing["channels"], preprocessing["size"], preprocessing["size"])
    return low + (high - low) * torch.rand(shape, generator=generator)
