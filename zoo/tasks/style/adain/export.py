"""The exported program of AdaIN: encoder, the moments of a style, and decoder."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from jaxtyping import Float
from torch import Tensor, nn

from zoo.losses.style import Moments
from zoo.tasks.export import Program
from zoo.tasks.style.adain.requested import requested_style, require_share
from zoo.tasks.style.fast.export import style_program

if TYPE_CHECKING:
    from zoo.tasks.style.adain.task import AdaIN


class InStyle(nn.Module):
    """A network of images in [0, 1] whose sides are multiples of the decoder's factor."""

    mean: Tensor
    std: Tensor

    def __init__(self, task: "AdaIN", style: Moments, alpha: float) -> None:
        super().__init__()
        self.task = task
        self.alpha = alpha
        self.register_buffer("mean", style.mean)
        self.register_buffer("std", style.std)

    def forward(self, images: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b 3 h w"]:
        """Returns the restyled images."""
        return self.task.restyle(images, Moments(self.mean, self.std), self.alpha)


def any_style_program(
    task: "AdaIN",
    style: str | Sequence[str] | None,
    weights: Sequence[float] | None,
    *,
    alpha: float,
    size: int,
    with_preprocessing: bool,
) -> Program:
    """The program of a style, or of several that are blended, for images whose sides are multiples of the factor.

    Raises:
        ZooError: no style, wrong weights, or an alpha out of range.
    """
    found = requested_style(task, style, weights, size=size)
    network = InStyle(task, found.moments, require_share(alpha))
    metadata = {**task.export_metadata(), "style": style, "style_weights": weights, "alpha": alpha}
    return style_program(network, metadata, with_preprocessing=with_preprocessing, multiple=task.decoder.factor)
