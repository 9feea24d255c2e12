"""The exported program of a landmark model."""

from typing import TYPE_CHECKING

from torch import Tensor, nn

from zoo.tasks.export import Program, noise, require_preprocessing

if TYPE_CHECKING:
    from zoo.tasks.landmarks.task import Landmarks


class PointsProgram(nn.Module):
    """Maps images [B 3 S S] in [0, 1] to presence [B], points [B K 2] in pixels of the input, and classes [B C]."""

    def __init__(self, task: "Landmarks") -> None:
        super().__init__()
        self.task = task

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Returns the probability of an object, its points, and the probabilities of its classes."""
        presence, points, classes = self.task(images)
        return presence, points * images.shape[-1], classes


def points_program(task: "Landmarks", *, with_preprocessing: bool) -> Program:
    """The program of a landmark model, whose network normalizes images itself.

    Raises:
        ZooError: the model has no preprocessing of images, or a normalization is requested.
    """
    preprocessing = require_preprocessing(task.export_metadata(), with_preprocessing=with_preprocessing)
    metadata = {**task.export_metadata(), "normalizes": False, "point_names": task.card.get("point_names")}
    return Program(
        module=PointsProgram(task),
        inputs=lambda batch: noise(preprocessing, batch, 0.0, 1.0),
        outputs=("presence", "points", "classes"),
        metadata=metadata,
    )
