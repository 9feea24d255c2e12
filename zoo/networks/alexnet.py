"""AlexNet, in the forms of 2012 and of torchvision."""

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.staged import Layers, StagedNetwork, head, initialize, pooled_stages


class AlexNet(StagedNetwork):
    """AlexNet: five convolutions with three max poolings, and three fully connected layers.

    Krizhevsky et al., ImageNet Classification with Deep Convolutional Neural Networks, 2012. The defaults are the
    one-tower form of torchvision, with its state-dict names: Krizhevsky, One weird trick for parallelizing
    convolutional neural networks, 2014 (arXiv:1404.5997).

    The form of 2012 has `channels` 96, 256, 384, 384, 256, `first_padding=0` (for 227×227 images), `response_norm`
    and `groups=2`, which splits convolutions 2, 4 and 5 into two groups of channels. Both forms use Kaiming
    initialization instead of the paper's.
    """

    heads = ("classifier.6",)
    channels_last = False

    def __init__(
        self,
        *,
        num_classes: int = 1000,
        in_channels: int = 3,
        channels: Sequence[int] = (64, 192, 384, 256, 256),
        first_padding: int = 2,
        groups: int = 1,
        response_norm: bool = False,
        dropout: float = 0.5,
        features: Sequence[str] | None = None,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.min_size = 67 - 2 * first_padding
        one, two, three, four, five = channels
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, one, 11, stride=4, padding=first_padding),
            nn.ReLU(inplace=True),
            *_response_norm(response_norm),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(one, two, 5, padding=2, groups=groups),
            nn.ReLU(inplace=True),
            *_response_norm(response_norm),
            nn.MaxPool2d(3, stride=2),
            nn.Conv2d(two, three, 3, padding=1),
            nn.ReLU(inplace=True),
            nn.Conv2d(three, four, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.Conv2d(four, five, 3, padding=1, groups=groups),
            nn.ReLU(inplace=True),
            nn.MaxPool2d(3, stride=2),
        )
        self.avgpool = nn.AdaptiveAvgPool2d((6, 6))
        self.classifier = nn.Sequential(
            nn.Dropout(dropout),
            nn.Linear(five * 6 * 6, 4096),
            nn.ReLU(inplace=True),
            nn.Dropout(dropout),
            nn.Linear(4096, 4096),
            nn.ReLU(inplace=True),
            head(4096, num_classes),
        )
        initialize(self, self.heads)
        self.finish(features=features, checkpointing=checkpointing)

    def stages(self) -> dict[str, Layers]:
        """Returns `stage1` … `stage3`, each ending with a pooling."""
        return pooled_stages(self.features)

    def classify(self, trunk: Float[Tensor, "n c h w"]) -> Float[Tensor, "n out"]:
        """Applies adaptive pooling to 6×6 and the fully connected layers."""
        return self.classifier(torch.flatten(self.avgpool(trunk), 1))


def _response_norm(enabled: bool) -> list[nn.Module]:
    # PyTorch divides alpha by the window size; the paper uses alpha as it is.
    return [nn.LocalResponseNorm(5, alpha=5 * 1e-4, beta=0.75, k=2.0)] if enabled else []
