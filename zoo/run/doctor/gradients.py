"""Samples the gradients of a network's weights, row by row, without waiting for the device."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from zoo.run.doctor.facts import Layer

_TABLES = (nn.Embedding, nn.EmbeddingBag)  # only the rows of a batch have gradients
_WITH_UNITS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)  # each row of the weights is a unit


class _Sums:
    """Sums over sampled steps, kept on the device."""

    def __init__(self, norms: Tensor) -> None:
        self.squares = torch.zeros_like(norms)
        self.peaks = torch.zeros_like(norms)
        self.count = 0

    def add(self, norms: Tensor) -> None:
        self.squares.add_(norms.square())
        torch.maximum(self.peaks, norms, out=self.peaks)
        self.count += 1


class GradientSamples:
    """Sums of the gradient norms of each row of each weight matrix.

    The rows of a weight with two or more dimensions give the norm of a layer and its dead units in one reduction for
    each layer. A layer without a gradient, as while it is frozen, is left out; sharded weights have no samples.
    """

    def __init__(self, network: nn.Module) -> None:
        self.weights = dict(_weights(network))
        self._sums: dict[tuple[str, ...], _Sums] = {}

    @property
    def count(self) -> int:
        """Number of sampled steps."""
        return sum(each.count for each in self._sums.values())

    def add(self) -> None:
        """Samples the gradients of this step; those that are not finite count as zero."""
        found = {name: weight.grad for name, (weight, _) in self.weights.items() if _is_dense(weight.grad)}
        if not found:
            return
        norms = torch.cat([_row_norms(gradient) for gradient in found.values() if gradient is not None])
        norms = norms.nan_to_num(0.0, 0.0, 0.0)
        names = tuple(found)
        if names not in self._sums:
            self._sums[names] = _Sums(norms)
        self._sums[names].add(norms)

    def layers(self) -> list[Layer]:
        """The layers of the steps since the last call, in the order of the network; waits for the device."""
        measured = {}
        for names, sums in self._sums.items():
            weights = [self.weights[name] for name in names]
            sizes = [len(weight) for weight, _ in weights]
            squares, peaks = (values.cpu().split(sizes) for values in (sums.squares / sums.count, sums.peaks))
            for name, (weight, units), square, peak in zip(names, weights, squares, peaks, strict=True):
                rms = (square.double().sum() / weight.numel()).sqrt().item()
                dead = int((peak == 0).sum()) if units else 0
                measured[name] = Layer(name, rms, len(weight) if units else 0, dead)
        self._sums = {}
        return [measured[name] for name in self.weights if name in measured]


def _weights(network: nn.Module) -> Iterator[tuple[str, tuple[nn.Parameter, bool]]]:
    """The weights of layers by name, each with whether its rows are units."""
    for path, module in network.named_modules():
        for name, weight in module.named_parameters(recurse=False):
            if weight.ndim < 2 or isinstance(module, _TABLES) or isinstance(weight, DTensor):
                continue
            yield f"{path}.{name}".strip(".").removesuffix(".weight"), (weight, isinstance(module, _WITH_UNITS))


def _is_dense(gradient: Tensor | None) -> bool:
    return gradient is not None and gradient.layout is torch.strided and not isinstance(gradient, DTensor)


def _row_norms(gradient: Tensor) -> Tensor:
    return torch.linalg.vector_norm(gradient, dim=tuple(range(1, gradient.ndim))).float()
