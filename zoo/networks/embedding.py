"""Embedding networks: an image to a point on the unit sphere; the Siamese twin is the same network again."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class EmbeddingNetwork(nn.Module):
    """An image backbone followed by L2 normalisation, which gives unit vectors.

    A classification network of the zoo is a backbone as it stands: its last layer, built with `num_classes`
    set to the size of the embedding, is the embedding head. With `mirror`, the embedding out of training is
    that of the picture plus that of its mirror image, which is right for faces and wrong for characters.

    FaceNet (Schroff et al. 2015, arXiv:1503.03832), section 3.
    """

    def __init__(self, *, backbone: nn.Module, mirror: bool = False) -> None:
        super().__init__()
        self.backbone = backbone
        self.mirror = mirror
        self.channels_last = bool(getattr(backbone, "channels_last", False))

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        """Unit vectors of the pictures, in float32."""
        vectors = self._vectors(images)
        if self.mirror and not self.training:
            vectors = F.normalize(vectors, dim=1) + F.normalize(self._vectors(images.flip(3)), dim=1)
        return F.normalize(vectors, dim=1)

    def _vectors(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        out = self.backbone(images)
        # A network with auxiliary heads returns a named tuple.
        vectors: Tensor = out if isinstance(out, Tensor) else out.logits
        # The norm of a half-precision vector overflows and its small differences are lost.
        return vectors.float()


class ConvTrunk(nn.Module):
    """A small network for crops of 28 to 112 pixels: for each width 3×3 convolutions and a halving.

    The last map is averaged down to `grid` × `grid` cells, because where a feature lies tells faces and
    characters apart, then mapped to `num_classes` values. With `whiten`, batch normalisation without scale
    makes the values of the embedding equally spread, which also keeps it from starting in a narrow cone.
    """

    channels_last = True  # measured on one core: training takes 0.6 to 0.7 of the time

    def __init__(
        self,
        *,
        in_channels: int = 1,
        num_classes: int = 128,
        widths: Sequence[int] = (32, 64, 128, 128),
        convolutions: int = 1,
        grid: int = 3,
        dropout: float = 0.0,
        whiten: bool = True,
        standardize: bool = False,
    ) -> None:
        super().__init__()
        if not widths:
            raise ZooError("`widths` (=[]) must name at least one width, as in [32, 64]")
        # Each picture to mean 0 and deviation 1, so that the light on it counts less.
        layers: list[nn.Module] = [nn.InstanceNorm2d(in_channels)] if standardize else []
        channels = in_channels
        for width in widths:
            for _ in range(convolutions):
                layers += [
                    nn.Conv2d(channels, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                channels = width
            layers.append(nn.MaxPool2d(2))
        self.features = nn.Sequential(*layers[:-1])
        self.pool = nn.AdaptiveAvgPool2d(grid)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(channels * grid * grid, num_classes, bias=not whiten)
        self.spread = nn.BatchNorm1d(num_classes, affine=False) if whiten else nn.Identity()

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        """Vectors of the pictures, not yet normalised."""
        features = self.pool(self.features(images))
        vectors: Tensor = self.spread(self.head(self.dropout(torch.flatten(features, 1))))
        return vectors
