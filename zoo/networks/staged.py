"""The base class of classifiers of images and volumes: named stages, feature maps, a head, gradient checkpointing."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import ClassVar, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from zoo.errors import ZooError

Layers = dict[str, nn.Module]
_POOLINGS = nn.MaxPool2d | nn.AvgPool2d | nn.MaxPool3d


class Outputs(NamedTuple):
    """The output of a network with auxiliary heads; `auxiliary` is empty in evaluation."""

    logits: Tensor
    auxiliary: tuple[Tensor, ...]


class StagedNetwork(nn.Module, ABC):
    """A classifier of images or volumes: a trunk of named stages, each a sequence of named layers, and a head.

    Stages are the units of gradual unfreezing, layer-wise learning rates and gradient checkpointing. `features`
    selects the output maps of stages or layers. Layer names are module paths, as in the state dict.
    """

    heads: ClassVar[tuple[str, ...]]  # module paths of the linear layers with one output per class, main one first
    min_size: int = 1  # pixels on the shorter side
    channels_last: ClassVar[bool] = True  # the faster memory layout, measured on CPUs and GPUs

    maps: tuple[str, ...] = ()
    checkpointing: bool = False

    @abstractmethod
    def stages(self) -> dict[str, Layers]:
        """Returns stage name → layer name → module, in execution order."""

    @abstractmethod
    def classify(self, trunk: Float[Tensor, "n c *space"]) -> Float[Tensor, "n out"]:
        """Maps the last map of the trunk to logits, or to pooled features with `num_classes=0`."""

    def forward(self, images: Float[Tensor, "n c *space"]) -> Tensor | dict[str, Tensor] | Outputs:
        """Returns logits, or with `features` the named maps.

        Raises:
            ZooError: images smaller than `min_size`.
        """
        trunk, maps = self.run(images, self.maps)
        return maps if self.maps else self.classify(trunk)

    def run(self, images: Float[Tensor, "n c *space"], keep: Collection[str]) -> tuple[Tensor, dict[str, Tensor]]:
        """Returns the last map of the trunk, and the maps of the stages and layers in `keep`.

        A network with `features`, which has no head, ends with the last map of `keep`.
        """
        if min(images.shape[-2:]) < self.min_size:
            height, width = images.shape[-2:]
            raise ZooError(
                f"{type(self).__name__} takes images of at least {self.min_size}×{self.min_size} pixels, "
                f"not {height}×{width}: enlarge them, e.g. with data.image_size={self.min_size}"
            )
        x, kept = images, {}
        for stage, layers in self.stages().items():
            if self.checkpointing and self.training and torch.is_grad_enabled():
                context = _recompute_context(layers)
                x, found = checkpoint(_run_layers, layers, x, keep, use_reentrant=False, context_fn=context)
            else:
                x, found = _run_layers(layers, x, keep)
            kept.update(found)
            if stage in keep:
                kept[stage] = x
            if self.maps and keep and len(kept) == len(set(keep)):
                break
        return x, {name: kept[name] for name in keep}

    def finish(self, *, features: Collection[str] | None, checkpointing: bool) -> None:
        """Applies the options that all networks share; called at the end of a constructor.

        With `features`, the layers after the last map and the head become `Identity`, since they get no gradient.

        Raises:
            ZooError: `features` is empty or names an unknown layer.
        """
        self.checkpointing = checkpointing
        if features is None:
            return
        stages = self.stages()
        names = [name for stage, layers in stages.items() for name in (stage, *layers)]
        listed = isinstance(features, Collection) and not isinstance(features, str)
        if not listed or not features or any(name not in names for name in features):
            raise ZooError(f"`features` (={features}) must name layers from: {', '.join(dict.fromkeys(names))}")
        self.maps = tuple(features)
        layers = [name for layers in stages.values() for name in layers]
        last = max(layers.index(list(stages[n])[-1] if n in stages else n) for n in features)
        trunk = {name.split(".")[0] for name in layers}
        head = [name for name, _ in self.named_children() if name not in trunk]
        for name in [*layers[last + 1 :], *head]:
            self.set_submodule(name, nn.Identity())


def pooled_stages(layers: nn.Sequential) -> dict[str, Layers]:
    """Splits a plain network into `stage1`, `stage2` …, each ending with a pooling."""
    stages: dict[str, Layers] = {"stage1": {}}
    for i, layer in layers.named_children():
        stages[f"stage{len(stages)}"][f"features.{i}"] = layer
        if isinstance(layer, _POOLINGS) and int(i) + 1 < len(layers):
            stages[f"stage{len(stages) + 1}"] = {}
    return stages


def initialize(network: nn.Module, last: Collection[str]) -> None:
    """Applies Kaiming initialization (He et al. 2015, arXiv:1502.01852), and small weights in the `last` layers.

    Small weights in the last layers start the loss at ln K. With PyTorch's default initialization the activations of
    a deep plain network shrink layer by layer, and its loss stays at ln K.
    """
    for name, module in network.named_modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        elif isinstance(module, nn.Linear) and name in last:
            nn.init.normal_(module.weight, std=0.01)
        elif isinstance(module, nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        else:
            continue
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def head(inputs: int, num_classes: int) -> nn.Linear | nn.Identity:
    """Returns the last linear layer, or `Identity` for `num_classes=0`, so that the network returns pooled features.

    Raises:
        ZooError: a negative `num_classes`.
    """
    if num_classes < 0:
        raise ZooError(f"`num_classes` (={num_classes}) must not be negative; 0 asks for pooled features")
    return nn.Linear(inputs, num_classes) if num_classes else nn.Identity()


def _run_layers(layers: Layers, x: Tensor, keep: Collection[str]) -> tuple[Tensor, dict[str, Tensor]]:
    kept: dict[str, Tensor] = {}
    overwritten: str | None = None
    for name, layer in layers.items():
        if overwritten and getattr(layer, "inplace", False):
            kept[overwritten] = x.clone()
        x = layer(x)
        overwritten = name if name in keep else None
        if overwritten:
            kept[name] = x
    return x, kept


def _recompute_context(layers: Layers) -> Callable[[], tuple[AbstractContextManager, AbstractContextManager]]:
    return lambda: (nullcontext(), _statistics_kept(layers))


@contextmanager
def _statistics_kept(layers: Layers) -> Iterator[None]:
    """Freezes running statistics during recomputation, so that each batch counts once."""
    norms = [m for layer in layers.values() for m in layer.modules() if isinstance(m, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    counts = [None if norm.num_batches_tracked is None else norm.num_batches_tracked.clone() for norm in norms]
    try:
        for norm in norms:
            norm.momentum = 0.0
        yield
    finally:
        for norm, momentum, count in zip(norms, momenta, counts, strict=True):
            norm.momentum = momentum
            if norm.num_batches_tracked is not None and count is not None:
                norm.num_batches_tracked.copy_(count)
