"""What the tasks of style transfer share: a perceptual loss, its style, and its metrics."""

from collections.abc import Sequence
from typing import Any, cast

from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn

from zoo.data.style.pictures import LARGEST, SMALLEST
from zoo.errors import ZooError
from zoo.losses.perceptual import PerceptualLoss
from zoo.tasks.base import Task
from zoo.tasks.style.costs import cost_metrics


class StyleTask(Task):
    """A task whose loss is a `PerceptualLoss`; pretrained weights are those of its backbone.

    Raises:
        ZooError: another loss.
    """

    default_weights = "DEFAULT"

    def __init__(self, *, network: nn.Module, loss: nn.Module) -> None:
        metrics = cost_metrics()
        super().__init__(network=network, loss=loss, metrics=metrics, train_metrics=metrics)
        if not isinstance(loss, PerceptualLoss):
            raise ZooError("style transfer needs the loss zoo.losses.perceptual.PerceptualLoss")
        self.parameter_groups = _trainable

    @property
    def perceptual(self) -> PerceptualLoss:
        """The loss, by its own type."""
        return cast(PerceptualLoss, self.loss)

    @property
    def pretrained_part(self) -> nn.Module:
        """The feature network."""
        return self.perceptual.backbone

    @property
    def is_prepared(self) -> bool:
        """Whether the task has what `prepare` takes from its data."""
        return self.perceptual.has_style

    def prepare(self, contents: Sequence[Tensor], styles: Sequence[Tensor], blend: Sequence[float]) -> None:
        """Scales the feature maps on images of both kinds, and takes the style."""
        self.perceptual.calibrate([*contents, *styles])
        self.perceptual.set_style(styles, blend)

    def preprocessing_entries(self) -> tuple[str, ...]:
        """The longer side of images in training."""
        return ("size",)

    def picture_size(self, requested: int | None) -> int:
        """The longer side of predicted images: as requested, or as in training.

        Raises:
            ZooError: out of range, or the model was not trained here.
        """
        if "preprocessing" not in self.card or not self.is_prepared:
            raise ZooError("this model has no style: it was not trained here")
        size = int(self.card["preprocessing"]["size"]) if requested is None else requested
        if not SMALLEST <= size <= LARGEST:
            raise ZooError(f"`image_size` (={size}) must lie in {SMALLEST} … {LARGEST}")
        return size

    def note_weights(self) -> None:
        """Prints that the feature network has random weights, if it has."""
        if self.perceptual.has_random_weights:
            rank_zero_only(print)(
                "the feature network has random weights, which transfer textures only roughly: pretrained=DEFAULT "
                "loads those of ImageNet"
            )

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """None: images have any size."""
        return None


def _trainable(module: nn.Module) -> list[dict[str, Any]]:
    """One group, as L-BFGS requires."""
    return [{"params": [parameter for parameter in module.parameters() if parameter.requires_grad]}]
