"""Style transfer to any style: an encoder, adaptive instance normalization, and a decoder that is trained."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from zoo.config.instantiate import argument
from zoo.data.style.many_styles import ManyStyles, Pairs
from zoo.errors import ZooError
from zoo.losses.style import Moments, adaptive_instance_norm, channel_moments, content_cost, moment_cost
from zoo.networks.stylization import StyleDecoder
from zoo.tasks.export import Program
from zoo.tasks.stages import Stage
from zoo.tasks.style.adain.export import any_style_program
from zoo.tasks.style.costs import values_of
from zoo.tasks.style.one_pass import CALIBRATION, OnePassTask

_PROBE = 64  # pixels of a side of the image that tells what the encoder gives
_NOMINAL = 256  # pixels of a side, as in the paper


class Style(NamedTuple):
    """What is known of a style, or of several that are blended."""

    moments: Moments
    """Those of the encoder's maps."""
    grams: list[Tensor]
    """Gram matrices of the style layers, for the costs."""


class AdaIN(OnePassTask):
    """Restyles images in the style of any other image, which the decoder need not have seen in training.

    Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017
    (arXiv:1703.06868). The encoder is the feature network of the loss up to its content layer; the network is the
    decoder. It learns to give images with the maps that AdaIN gives, and with the moments of the style in the style
    layers. Both are means of squares, and `moment_weight` weighs the moments, as in naoto0804/pytorch-AdaIN. The costs
    that `StyleTransfer` minimizes are measured only.

    Raises:
        ZooError: another network, several content layers, or a decoder that does not suit the encoder.
    """

    kind = "any style"

    def __init__(self, *, network: nn.Module, loss: nn.Module, moment_weight: float) -> None:
        super().__init__(network=network, loss=loss)
        if not isinstance(network, StyleDecoder):
            raise ZooError("style transfer by AdaIN needs the network StyleDecoder")
        if not 0 < moment_weight < math.inf:
            raise ZooError(f"`model.moment_weight` (={moment_weight}) must be a positive number")
        layers = self.perceptual.content_layers
        if len(layers) != 1:
            raise ZooError(
                f"`model.loss.content_layers` (={[*layers]}) must be one layer: the decoder inverts its maps"
            )
        self.moment_weight = moment_weight
        self.layer = layers[0]
        _require_mirror(network, self.encode(torch.zeros(1, 3, _PROBE, _PROBE)), self.layer)

    @property
    def decoder(self) -> StyleDecoder:
        """The network, by its own type."""
        return cast(StyleDecoder, self.network)

    @property
    def is_prepared(self) -> bool:
        """Always: a prediction brings its style."""
        return True

    def encode(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b n i j"]:
        """Returns the maps of images that AdaIN changes and the decoder inverts."""
        return self.perceptual.maps(images)[self.layer]

    def forward(self, images: Float[Tensor, "b 3 h w"], style: Moments, alpha: float = 1.0) -> Float[Tensor, "b 3 h w"]:
        """Returns images of the same size in a style, which is mixed with the content unless `alpha` is 1."""
        height, width = images.shape[-2:]
        factor = self.decoder.factor
        padded = F.pad(images, (0, -width % factor, 0, -height % factor), mode="replicate")
        return self.restyle(padded, style, alpha)[..., :height, :width]

    def restyle(self, images: Float[Tensor, "b 3 h w"], style: Moments, alpha: float) -> Float[Tensor, "b 3 h w"]:
        """Returns what `forward` does, for images whose sides are multiples of the decoder's factor."""
        maps = self.encode(images)
        target = adaptive_instance_norm(maps, style)
        found: Tensor = self.forward_network(target if alpha == 1 else torch.lerp(maps, target, alpha))
        return found

    @torch.no_grad()
    def style_of(self, pictures: Sequence[Float[Tensor, "1 3 _ _"]], blend: Sequence[float]) -> Style:
        """Returns the blend of styles: AdaIN is linear in the moments, so that blending them blends its maps."""
        found: list[Tensor] = []
        for picture, share in zip(pictures, blend, strict=True):
            maps = self.perceptual.maps(picture.to(self.device))
            parts = [*channel_moments(maps[self.layer]), *self.perceptual.gram_matrices(maps)]
            weighted = [part * (share / sum(blend)) for part in parts]
            found = [total + part for total, part in zip(found, weighted, strict=True)] if found else weighted
        return Style(Moments(*found[:2]), found[2:])

    def setup(self, stage: str) -> None:
        """Scales the feature maps on training images and their styles."""
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, ManyStyles):
            self.note_weights()
            train = data.dataset("train")
            first = data.normalize(train[torch.arange(min(CALIBRATION, len(train)))])
            self.perceptual.calibrate([*first.contents.split(1), *first.styles.split(1)])

    def step(self, batch: Pairs, stage: Stage) -> Tensor:
        """Returns the loss of a batch, each of whose images is restyled in its own style."""
        loss = self.perceptual
        with torch.no_grad():
            content, theirs = loss.content(batch.contents), loss.maps(batch.styles)
            style = channel_moments(theirs[self.layer])
            target = adaptive_instance_norm(content[self.layer], style)
        if stage == "test":
            found = self.restyle_measured(batch.contents, lambda images: self(images, style))
        else:
            found = self.forward_network(target).float()
        maps = loss.maps(found)
        with torch.autocast(found.device.type, enabled=False):
            moments = [moment_cost(maps[name], channel_moments(theirs[name])) for name in loss.style_layers]
            kept = content_cost(maps[self.layer], target, normalization="chw")
            total = kept + self.moment_weight * torch.stack(moments).sum()
        with torch.no_grad():
            costs = loss.costs(found, maps, content, loss.gram_matrices(theirs))
        for name, value in values_of(costs).items():
            self.metrics[stage][name].update(value, len(found))
        return total

    def predict_step(self, batch: Pairs, batch_idx: int = 0) -> Float[Tensor, "b 3 h w"]:
        """Restyled images."""
        found: Tensor = self(batch.contents, channel_moments(self.encode(batch.styles)))
        return found

    def network_inputs(self, batch: Pairs) -> tuple[Any, ...]:
        """The maps that AdaIN gives."""
        return (adaptive_instance_norm(self.encode(batch.contents), channel_moments(self.encode(batch.styles))),)

    def num_samples(self, batch: Pairs) -> int:
        """The number of contents."""
        return len(batch.contents)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros [B N S S] in the size of the maps in training."""
        if "preprocessing" not in self.card:
            return None
        side = -(-self.card["preprocessing"]["size"] // self.decoder.factor)
        return (torch.zeros(batch_size, self.decoder.channels, side, side),)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...]:
        """The maps of an image of 256×256 pixels."""
        side = _NOMINAL >> (len(argument(network, "widths", ())) - 1)
        return (torch.zeros(1, argument(network, "channels", 1), side, side),)

    def export_program(
        self,
        *,
        format: str,
        with_preprocessing: bool,
        style: str | list[str] | None = None,
        style_weights: list[float] | None = None,
        alpha: float = 1.0,
    ) -> Program:
        """Encoder, AdaIN of a style, and decoder for images of any size.

        With preprocessing, pixels are 0 … 255 on both sides. Raises ZooError without a style.
        """
        size = self.picture_size(None)
        return any_style_program(
            self, style, style_weights, alpha=alpha, size=size, with_preprocessing=with_preprocessing
        )


def _require_mirror(decoder: StyleDecoder, maps: Tensor, layer: str) -> None:
    """Raises ZooError unless the decoder turns the maps of a layer into images of the size that they came from."""
    channels, factor = maps.shape[1], _PROBE // maps.shape[-1]
    if decoder.channels != channels:
        raise ZooError(
            f"`model.network.channels` (={decoder.channels}) must be {channels}, the channels of the layer {layer}"
        )
    if decoder.factor != factor:
        raise ZooError(
            f"`model.network.widths` has {int(math.log2(decoder.factor)) + 1} stages, which enlarge {decoder.factor} "
            f"times, and the maps of the layer {layer} are 1/{factor} of the image: give {int(math.log2(factor)) + 1}"
        )
