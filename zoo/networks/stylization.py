"""Networks of style transfer: an image of parameters, a network of one style, and the decoder of any style."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError

_EPSILON = 1e-5  # of variances
_FEW = 2  # images, which are normalized one at a time


class Picture(nn.Module):
    """An image in [0, 1] whose pixels are the parameters, as Gatys et al. optimize it (2016)."""

    def __init__(self, *, height: int = 256, width: int = 256) -> None:
        super().__init__()
        self.pixels = nn.Parameter(torch.rand(3, height, width))

    def forward(self) -> Float[Tensor, "1 3 h w"]:
        """Returns the image."""
        return self.pixels[None]


class TransformNetwork(nn.Module):
    """Restyles images: convolutions that halve the sides twice, residual blocks, and upsampling by nearest neighbors.

    Johnson et al., Perceptual Losses for Real-Time Style Transfer and Super-Resolution, 2016 (arXiv:1603.08155), with
    instance norm of Ulyanov et al. (2016, arXiv:1607.08022) and the reflection padding, upsampling and state-dict names
    of PyTorch's example, whose 1,679,235 parameters are those of the defaults. The example computes in pixels of 0 to
    255. Here images are in [0, 1], and the output passes a sigmoid, so that it needs no clamp.

    `kernel` is the side of the first and the last convolution, at full resolution: on a CPU, 9×9 to three channels take
    a third of a step.

    Raises:
        ZooError: fewer than one channel, a negative number of blocks, or an even kernel.
    """

    def __init__(self, *, width: int = 32, blocks: int = 5, kernel: int = 9) -> None:
        super().__init__()
        self.channels_last = not torch.cuda.is_available()  # faster with the norms below; measured on a CPU alone
        if width < 1 or blocks < 0:
            raise ZooError(f"`width` (={width}) must be at least 1 and `blocks` (={blocks}) at least 0")
        if kernel < 1 or kernel % 2 == 0:
            raise ZooError(f"`kernel` (={kernel}) must be odd and at least 1")
        self.conv1 = PaddedConv2d(3, width, kernel)
        self.in1 = InstanceNorm(width)
        self.conv2 = PaddedConv2d(width, 2 * width, 3, stride=2)
        self.in2 = InstanceNorm(2 * width)
        self.conv3 = PaddedConv2d(2 * width, 4 * width, 3, stride=2)
        self.in3 = InstanceNorm(4 * width)
        self.residual = nn.Sequential(*(ResidualBlock(4 * width) for _ in range(blocks)))
        self.deconv1 = PaddedConv2d(4 * width, 2 * width, 3)
        self.in4 = InstanceNorm(2 * width)
        self.deconv2 = PaddedConv2d(2 * width, width, 3)
        self.in5 = InstanceNorm(width)
        self.deconv3 = PaddedConv2d(width, 3, kernel)
        self.upsample = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 i j"]:
        """Returns images of the same size if their sides are multiples of 4; others grow to the next multiple."""
        x = torch.relu(self.in1(self.conv1(images - 0.5)))
        x = torch.relu(self.in2(self.conv2(x)))
        x = torch.relu(self.in3(self.conv3(x)))
        x = self.residual(x)
        x = torch.relu(self.in4(self.deconv1(self.upsample(x))))
        x = torch.relu(self.in5(self.deconv2(self.upsample(x))))
        return torch.sigmoid(self.deconv3(x))


class StyleDecoder(nn.Sequential):
    """Turns feature maps into images: the mirror of an encoder, with upsampling by nearest neighbors.

    Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, 2017
    (arXiv:1703.06868): reflection padding and no norms, which would center every style alike. The defaults are the
    mirror of VGG-19 up to relu4_1, with the 3,505,219 parameters and the state-dict names of naoto0804/pytorch-AdaIN.
    There, outputs are clamped. Here they pass a sigmoid and are in [0, 1].

    `widths` and `convolutions` are the channels of the encoder's stages, first to last, and their numbers of 3×3
    convolutions; `channels` are those of the maps. The sides of the image are 2 to the number of stages but one times
    those of the maps.

    Raises:
        ZooError: another number of widths than of convolutions, or one below 1.
    """

    def __init__(
        self,
        *,
        channels: int = 512,
        widths: Sequence[int] = (64, 128, 256, 512),
        convolutions: Sequence[int] = (2, 2, 4, 1),
    ) -> None:
        if not widths or len(widths) != len(convolutions) or min([channels, *widths, *convolutions]) < 1:
            raise ZooError(
                f"`widths` (={[*widths]}) and `convolutions` (={[*convolutions]}) must be as many numbers of at least "
                f"1, as must `channels` (={channels})"
            )
        layers: list[nn.Module] = []
        inputs = channels
        for stage in reversed(range(len(widths))):
            outputs = [widths[stage]] * (convolutions[stage] - 1) + [widths[stage - 1] if stage else 3]
            for out in outputs:
                layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, out, 3), nn.ReLU()]
                inputs = out
            layers += [nn.Upsample(scale_factor=2, mode="nearest")] if stage else []
        super().__init__(*layers[:-1], nn.Sigmoid())
        self.channels = channels
        self.factor = 2 ** (len(widths) - 1)
        for module in self:
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                module.bias.data.zero_()  # type: ignore[union-attr]  # built with one above


class ConditionalDecoder(StyleDecoder):
    """A `StyleDecoder` with conditional instance norm, through which the style reaches each convolution.

    AdaIN gives the maps the moments of a style. From these means and deviations, a linear layer predicts the scales and
    shifts of an instance norm behind each convolution but the last, as Ghiasi et al. predict them from another network
    (Exploring the Structure of a Real-time, Arbitrary Neural Artistic Stylization Network, 2017, arXiv:1705.06830).
    The plain decoder needs many thousands of steps; this one learns colors and strokes in a thousand.
    """

    def __init__(
        self,
        *,
        channels: int = 512,
        widths: Sequence[int] = (64, 128, 256, 512),
        convolutions: Sequence[int] = (2, 2, 4, 1),
    ) -> None:
        super().__init__(channels=channels, widths=widths, convolutions=convolutions)
        self.outputs = [layer.out_channels for layer in self if isinstance(layer, nn.Conv2d)][:-1]
        self.conditions = nn.Linear(2 * channels, 2 * sum(self.outputs))

    def forward(self, input: Float[Tensor, "b n h w"]) -> Float[Tensor, "b 3 i j"]:
        """Returns images in [0, 1]."""
        variance, mean = torch.var_mean(input, dim=(2, 3), keepdim=True)
        std = (variance + _EPSILON).sqrt()
        moments = torch.cat([mean, std.log()], 1).flatten(1)
        conditions = iter(self.conditions(moments)[..., None, None].split([2 * width for width in self.outputs], 1))
        x = (input - mean) / std
        for layer in self:
            if layer is self.conditions:
                continue
            x = layer(x)
            if isinstance(layer, nn.Conv2d) and (condition := next(conditions, None)) is not None:
                scale, shift = condition.chunk(2, 1)
                x = F.group_norm(x, x.shape[1]) * (1 + scale) + shift  # instance norm, in less time
        return x


class PaddedConv2d(nn.Module):
    """A convolution with reflection padding, which leaves no frame in the image."""

    def __init__(self, channels: int, out: int, kernel: int, stride: int = 1) -> None:
        super().__init__()
        self.reflection_pad = nn.ReflectionPad2d(kernel // 2)
        self.conv2d = nn.Conv2d(channels, out, kernel, stride)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d i j"]:
        """Returns the map."""
        return self.conv2d(self.reflection_pad(x))


class ResidualBlock(nn.Module):
    """Two convolutions beside a shortcut, without an activation behind the sum."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = PaddedConv2d(channels, channels, 3)
        self.in1 = InstanceNorm(channels)
        self.conv2 = PaddedConv2d(channels, channels, 3)
        self.in2 = InstanceNorm(channels)

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Returns shortcut + residual."""
        return x + self.in2(self.conv2(torch.relu(self.in1(self.conv1(x)))))


class InstanceNorm(nn.GroupNorm):
    """Instance norm with affine parameters, in the fastest way that is measured.

    Group norm of single channels takes a third of the time of `InstanceNorm2d` on a CPU. In the layout of channels
    last, a step with one or two images takes 0.7 to 0.8 of that again with the batch norm of each image.
    """

    def __init__(self, channels: int) -> None:
        super().__init__(channels, channels)

    def forward(self, input: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c h w"]:
        """Returns the normalized map."""
        if torch.compiler.is_exporting() or input.is_cuda or len(input) > _FEW:  # a length fixes that of a program
            return super().forward(input)
        images = (
            F.batch_norm(image, None, None, self.weight, self.bias, training=True, eps=self.eps)
            for image in input.split(1)
        )
        return torch.cat([*images])
