"""Frozen networks in less time: batch norms folded into convolutions, and 3×3 convolutions by Winograd's algorithm."""

import copy
from collections.abc import Collection
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from zoo.ops.winograd import Kernels, winograd_conv2d

_PIXELS = 512  # of a map; with fewer, reading the larger kernels takes longer than is gained
_CHANNEL_PAIRS = 2**14  # inputs times outputs, from which on Winograd is faster: its transforms take time, too


class Frozen:
    """Runs a copy of a network with constant weights in eval mode, which is made again once the weights have changed.

    `maps` are the names of the layers whose outputs are read: convolutions among them keep their own outputs. Gradients
    reach the images alone. New tensors and changes that PyTorch counts are noticed, those behind `.data` are not.
    """

    def __init__(self, network: Any, maps: Collection[str]) -> None:
        self._network = network
        self._maps = frozenset(maps)
        self._state: list[tuple[Tensor, float]] = []
        self._copy: Any = None

    def __call__(self) -> Any:
        """Returns the copy, or the network itself in an exported program and of tensors without values of their own."""
        tensors = [*self._network.parameters(), *self._network.buffers()]
        if torch.compiler.is_exporting() or type(tensors[0]) not in (Tensor, nn.Parameter):
            return self._network
        if len(tensors) != len(self._state) or any(map(_differs, tensors, self._state)):
            with torch.inference_mode(False), torch.no_grad():
                self._copy = _faster(self._network, self._maps)
            self._state = [(tensor.detach(), _version(tensor)) for tensor in tensors]  # alive: no other has its place
        return self._copy

    def __deepcopy__(self, memo: dict[int, Any]) -> "Frozen":
        return Frozen(copy.deepcopy(self._network, memo), self._maps)

    def __getstate__(self) -> dict[str, Any]:
        return {"_network": self._network, "_maps": self._maps, "_state": [], "_copy": None}


class _WinogradConv2d(nn.Conv2d):
    """A 3×3 convolution with constant weights."""

    kernels: Kernels | None = None

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d h w"]:
        """Returns the map; other devices and precisions have fast convolutions of their own."""
        is_small = len(input) * input[0, 0].numel() < _PIXELS
        if is_small or input.device.type != "cpu" or input.dtype != torch.float32 or torch.is_autocast_enabled("cpu"):
            return super().forward(input)
        if self.kernels is None:
            self.kernels = Kernels(self.weight, self.bias)
        return winograd_conv2d(input, self.kernels)


def _differs(tensor: Tensor, known: tuple[Tensor, float]) -> bool:
    return tensor.data_ptr() != known[0].data_ptr() or _version(tensor) != known[1]


def _version(tensor: Tensor) -> float:
    """The number of changes; tensors of inference mode have none, and their sum stands for it."""
    return tensor.sum().item() if tensor.is_inference() else tensor._version


def _faster(network: nn.Module, maps: Collection[str]) -> nn.Module:
    """A copy that computes the same maps, up to the rounding of single precision."""
    found = copy.deepcopy(network).requires_grad_(False).eval()
    found.training = network.training  # which turns checkpointing on
    _fold(found, "", maps)
    for module in found.modules():
        if _is_for_winograd(module):
            module.__class__ = _WinogradConv2d
    return found


def _fold(parent: nn.Module, path: str, maps: Collection[str]) -> None:
    """Folds each batch norm that follows a convolution among the children of a module, as those of the zoo do."""
    before = ""
    for name, child in list(parent.named_children()):
        convolution = getattr(parent, before, None)
        is_norm = isinstance(child, nn.BatchNorm2d) and child.running_mean is not None
        if is_norm and isinstance(convolution, nn.Conv2d) and path + before not in maps:
            assert isinstance(child, nn.BatchNorm2d)
            setattr(parent, before, fuse_conv_bn_eval(convolution.eval(), child.eval()))
            setattr(parent, name, nn.Identity())
        _fold(child, f"{path}{name}.", maps)
        before = name


def _is_for_winograd(module: nn.Module) -> bool:
    if type(module) is not nn.Conv2d or module.in_channels * module.out_channels < _CHANNEL_PAIRS:
        return False
    plain = (module.kernel_size, module.stride, module.padding, module.dilation, module.groups, module.padding_mode)
    return plain == ((3, 3), (1, 1), (1, 1), (1, 1), 1, "zeros")
