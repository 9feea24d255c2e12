"""The costs of style transfer on the feature maps of a frozen network."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError, unknown
from zoo.losses.frozen import Frozen
from zoo.losses.style import NORMALIZATIONS, Normalization, content_cost, gram_matrix, style_cost, total_variation

Maps = dict[str, Tensor]
Grams = Sequence[Tensor]
"""Gram matrices [B N N], or [1 N N] for all images, of each style layer."""
IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
_PROBE = 64  # pixels of a side of the image that tells how many channels the layers have


class Costs(NamedTuple):
    """The weighted costs of a batch of images, as means over it."""

    content: Float[Tensor, ""]
    style: Float[Tensor, ""]
    variation: Float[Tensor, ""]

    @property
    def total(self) -> Float[Tensor, ""]:
        """The sum."""
        return self.content + self.style + self.variation


class PerceptualLoss(nn.Module):
    """Content, style and total variation of images in [0, 1], seen by a frozen classifier with named stages.

    Layers are stages or module paths of the `backbone`. In plain networks such as VGG they also have the names of the
    papers: `conv4_2` and `relu4_2` are the second convolution of stage 4 and the ReLU behind it. `pooling` of avg
    replaces max poolings. `mean` and `std` normalize images for the backbone.

    Content is a mean of squares, so that its weight suits any size; `gram` names the normalization of the style. Maps
    are divided by their mean absolute value on the images of `calibrate`. Gatys et al. rescale the weights of VGG to
    the same end; here it also makes the weights of the costs suit any network. Several styles are blended as a weighted
    mean of their Gram matrices: the cost has the same minimum as the weighted sum of their costs.

    Raises:
        ZooError: an unknown layer, normalization or pooling, a negative weight, or weights that are all zero.
    """

    mean: Tensor
    std: Tensor
    scales: Tensor
    backbone: Any
    """A network with `stages`, `run` and `finish`."""

    def __init__(
        self,
        *,
        backbone: nn.Module,
        content_layers: Sequence[str],
        style_layers: Sequence[str],
        content_weight: float,
        style_weight: float,
        tv_weight: float,
        gram: str = "gatys",
        pooling: str = "max",
        checkpointing: bool = False,
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
    ) -> None:
        super().__init__()
        given = {"content_weight": content_weight, "style_weight": style_weight, "tv_weight": tv_weight}
        self.weights: tuple[float, ...] = tuple(_weight(name, value) for name, value in given.items())
        if not content_weight + style_weight > 0:
            raise ZooError("`content_weight` and `style_weight` are both 0: there is nothing to minimize")
        if gram not in NORMALIZATIONS:
            raise ZooError(f"`gram` (={gram}) must be one of: {', '.join(NORMALIZATIONS)}")
        self.gram: Normalization = "gatys" if gram == "gatys" else "chw"
        self.content_layers, self.style_layers = (
            resolve_layers(backbone, key, names)
            for key, names in (("content_layers", content_layers), ("style_layers", style_layers))
        )
        self.layers = tuple(dict.fromkeys([*self.content_layers, *self.style_layers]))
        self.backbone = _prepared(backbone, pooling).requires_grad_(False)
        self.backbone.finish(features=self.layers, checkpointing=checkpointing)
        self.frozen = Frozen(self.backbone, self.layers)
        self.has_random_weights = True
        """Whether no weights have been loaded into the backbone."""
        self.backbone.register_load_state_dict_post_hook(self._note_loaded)
        self.register_buffer("mean", torch.tensor(mean).view(-1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).view(-1, 1, 1), persistent=False)
        self.register_buffer("scales", torch.ones(len(self.layers)))
        with torch.no_grad():
            channels = {name: found.shape[1] for name, found in self.maps(torch.zeros(1, 3, _PROBE, _PROBE)).items()}
        self.grams = [f"gram_{number}" for number in range(len(self.style_layers))]
        for name, layer in zip(self.grams, self.style_layers, strict=True):
            self.register_buffer(name, torch.zeros(1, channels[layer], channels[layer]))
        self.train()

    def _note_loaded(self, *_: object) -> None:
        self.has_random_weights = False

    def train(self, mode: bool = True) -> "PerceptualLoss":
        """Keeps the backbone in eval mode; its own flag alone turns checkpointing on."""
        super().train(mode)
        self.backbone.eval()
        self.backbone.training = True
        return self

    def maps(self, images: Float[Tensor, "b 3 h w"], layers: Sequence[str] | None = None) -> Maps:
        """Returns the scaled feature maps of images by layer, in single precision at least; by default all layers."""
        normalized = ((images - self.mean) / self.std).contiguous(memory_format=torch.channels_last)
        found = self.frozen().run(normalized, self.layers if layers is None else layers)[1]
        scales = dict(zip(self.layers, self.scales.unbind(), strict=True))
        return {name: _full(values) * scales[name] for name, values in found.items()}

    @torch.no_grad()
    def content(self, images: Float[Tensor, "b 3 h w"]) -> Maps:
        """Returns the maps that images should keep."""
        return self.maps(images, self.content_layers)

    @torch.no_grad()
    def calibrate(self, pictures: Sequence[Float[Tensor, "1 3 _ _"]]) -> None:
        """Scales the maps to a mean absolute value of 1 over images, whose sizes may differ."""
        self.scales.fill_(1.0)
        values = [[found.abs().mean() for found in self.maps(picture).values()] for picture in pictures]
        means = torch.tensor(values, device=self.scales.device).mean(0)
        self.scales.copy_(torch.where(means > 0, 1 / means, 1.0))

    @torch.no_grad()
    def set_style(self, pictures: Sequence[Float[Tensor, "1 3 _ _"]], blend: Sequence[float]) -> None:
        """Takes the mean of the Gram matrices of styles, weighted by `blend`, as the target."""
        for name in self.grams:
            getattr(self, name).zero_()
        for picture, share in zip(pictures, blend, strict=True):
            for name, gram in zip(self.grams, self.gram_matrices(self.maps(picture)), strict=True):
                getattr(self, name).add_(gram, alpha=share / sum(blend))

    def gram_matrices(self, maps: Maps) -> Grams:
        """Returns the Gram matrices [B N N] of the style layers."""
        return [gram_matrix(maps[layer]) for layer in self.style_layers]

    @property
    def has_style(self) -> bool:
        """Whether a style has been set."""
        return any(bool(getattr(self, name).any()) for name in self.grams)

    def forward(self, images: Float[Tensor, "b 3 h w"], content: Maps, style: Grams | None = None) -> Costs:
        """Returns the weighted costs of images against the content maps of as many others, and a style.

        That is the one of `set_style`, or has the Gram matrices `style`, for all images or one for each.
        """
        return self.costs(images, self.maps(images), content, style)

    def costs(self, images: Float[Tensor, "b 3 h w"], maps: Maps, content: Maps, style: Grams | None = None) -> Costs:
        """Returns what `forward` does, for images whose maps are known."""
        targets = [getattr(self, name) for name in self.grams] if style is None else style
        with torch.autocast(images.device.type, enabled=False):
            contents = [content_cost(maps[name], content[name], normalization="chw") for name in self.content_layers]
            styles = [
                style_cost(maps[layer], target, normalization=self.gram)
                for target, layer in zip(targets, self.style_layers, strict=True)
            ]
            each = (torch.stack(contents).mean(), torch.stack(styles).mean(), total_variation(images))
        return Costs(*(weight * cost for weight, cost in zip(self.weights, each, strict=True)))


def resolve_layers(backbone: Any, key: str, names: Sequence[str]) -> tuple[str, ...]:
    """Returns stage names and module paths of a staged network for names of layers.

    Raises:
        ZooError: no names, an unknown one, or a network without stages.
    """
    if not hasattr(backbone, "stages"):
        raise ZooError(f"`backbone` ({type(backbone).__name__}) has no named stages: take a classifier of the catalog")
    stages = backbone.stages()
    known = {name: name for stage, layers in stages.items() for name in (stage, *layers)} | paper_names(stages)
    if not names:
        raise ZooError(f"`{key}` must name at least one layer of: {', '.join(known)}")
    for name in names:
        if name not in known:
            raise ZooError(f"`{key}`: {unknown('layer', str(name), list(known))}")
    return tuple(known[name] for name in names)


def paper_names(stages: dict[str, dict[str, nn.Module]]) -> dict[str, str]:
    """Returns `conv4_2`, `relu4_2`, … of a plain network, by the place of a convolution in its stage.

    >>> stages = {"stage1": {"0": nn.Conv2d(3, 4, 3), "1": nn.ReLU(), "2": nn.Conv2d(4, 4, 3), "3": nn.ReLU()}}
    >>> paper_names(stages)
    {'conv1_1': '0', 'relu1_1': '1', 'conv1_2': '2', 'relu1_2': '3'}
    """
    found: dict[str, str] = {}
    for number, layers in enumerate(stages.values(), start=1):
        place = 0
        for name, layer in layers.items():
            place += isinstance(layer, nn.Conv2d)
            for kind, start in ((nn.Conv2d, "conv"), (nn.ReLU, "relu")):
                if place and isinstance(layer, kind):
                    found[f"{start}{number}_{place}"] = name
    return found


def _prepared(backbone: Any, pooling: str) -> Any:
    """The network without in-place activations, which would overwrite the maps before them."""
    if pooling not in ("max", "avg"):
        raise ZooError(f"`pooling` (={pooling}) must be max or avg")
    for name, module in list(backbone.named_modules()):
        if getattr(module, "inplace", False):
            module.inplace = False
        if pooling == "avg" and isinstance(module, nn.MaxPool2d):
            size = (module.kernel_size, module.stride, module.padding, module.ceil_mode)
            backbone.set_submodule(name, nn.AvgPool2d(*size))
    return backbone.to(memory_format=torch.channels_last)  # of frozen networks the faster layout, VGG's too


def _full(features: Tensor) -> Tensor:
    return features.float() if features.dtype in (torch.float16, torch.bfloat16) else features


def _weight(name: str, value: float) -> float:
    if not 0 <= value < float("inf"):
        raise ZooError(f"`{name}` (={value}) must be a finite number of at least 0")
    return value
