"""LeNet-5."""

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError

_ACTIVATIONS = {"tanh": nn.Tanh, "relu": nn.ReLU}
_POOLINGS = {"average": nn.AvgPool2d, "max": nn.MaxPool2d}
_LEAST_SIZE = 12  # pixels; below it the map is empty after the second pooling


class LeNet5(nn.Module):
    """LeNet-5: two convolutions with pooling and three fully connected layers.

    It has 61,706 parameters for 1×32×32 images and 10 classes.

    Source: LeCun et al., "Gradient-Based Learning Applied to Document Recognition", 1998. As is usual today, tanh is
    unscaled, pooling has no trainable coefficients, all 16 maps are connected to all 6, and the output layer is
    linear instead of radial basis functions.

    `activation` is tanh or relu, `pooling` average or max. Weights are drawn from a normal distribution with standard
    deviation 1/sqrt(fan-in) (LeCun et al., "Efficient BackProp", 1998, section 4.6).

    Raises:
        ZooError: an unknown activation or pooling, or an image too small.
    """

    def __init__(
        self,
        *,
        num_classes: int = 10,
        in_channels: int = 1,
        image_size: int = 32,
        activation: str = "tanh",
        pooling: str = "average",
    ) -> None:
        super().__init__()
        if activation not in _ACTIVATIONS:
            raise ZooError(f"`activation` (={activation}) must be one of: {', '.join(_ACTIVATIONS)}")
        if pooling not in _POOLINGS:
            raise ZooError(f"`pooling` (={pooling}) must be one of: {', '.join(_POOLINGS)}")
        if image_size < _LEAST_SIZE + 4:
            raise ZooError(f"`image_size` (={image_size}) is too small for LeNet-5: at least {_LEAST_SIZE + 4}")
        act, pool = _ACTIVATIONS[activation], _POOLINGS[pooling]
        side = ((image_size - 4) // 2 - 4) // 2
        self.features = nn.Sequential(
            nn.Conv2d(in_channels, 6, 5),
            act(),
            pool(2),
            nn.Conv2d(6, 16, 5),
            act(),
            pool(2),
        )
        self.classifier = nn.Sequential(
            nn.Flatten(),
            nn.Linear(16 * side * side, 120),
            act(),
            nn.Linear(120, 84),
            act(),
            nn.Linear(84, num_classes),
        )
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.normal_(layer.weight, std=layer.weight[0].numel() ** -0.5)
                if layer.bias is not None:
                    nn.init.zeros_(layer.bias)

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Returns the logits of each image."""
        return self.classifier(self.features(images))
