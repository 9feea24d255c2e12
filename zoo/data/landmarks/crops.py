"""Square crops around objects of image files, with their points."""

import math
from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float, UInt8
from torch import Tensor

from zoo.data.images.files import read_head, read_image
from zoo.data.images.kept_images import KeptImages
from zoo.data.landmarks.base import Batch, Target, take
from zoo.data.landmarks.samples import Sample
from zoo.data.landmarks.squares import Square, around, whole

_LEAST_SIZE = 1e-3  # of the square; an object of a single point has no extent to divide errors by


class PointCrops(KeptImages):
    """Crops of one size, decoded once if they fit into memory, and the target of all.

    `measure` gives the length in pixels that the errors of a sample are divided by.
    """

    def __init__(
        self, samples: Sequence[Sample], size: int, *, margin: float, measure: Callable[[Sample], float]
    ) -> None:
        super().__init__(len(samples), size)
        self.samples = samples
        self.squares = [square_of(sample, margin) for sample in samples]
        self.target = _target(samples, self.squares, measure)

    def __getitem__(self, indices: Tensor) -> Batch:
        return torch.stack([self.image(i) for i in indices.tolist()]), take(self.target, indices)

    def decode(self, index: int) -> UInt8[Tensor, "3 s s"]:
        """Reads an image and cuts the square out of it."""
        return self.squares[index].cut(read_image(self.samples[index].path, channels=3), self.size)


def square_of(sample: Sample, margin: float) -> Square:
    """The square around the box of a sample, or around its image if it has none."""
    if sample.box is not None:
        return around(sample.box, margin)
    head = read_head(sample.path)
    return whole(head.width, head.height)


def object_size(sample: Sample, normalizer: tuple[int, int] | None = None) -> float:
    """The length in pixels that errors are divided by: between two points, or else of the box.

    Of a box it is the square root of the area. It is the given box, or the one around the visible points.
    """
    if normalizer is not None and (distance := distance_between(sample, normalizer)) is not None:
        return distance
    if sample.box is not None:
        x1, y1, x2, y2 = sample.box
        return math.sqrt((x2 - x1) * (y2 - y1))
    return extent(sample.points[sample.visible])


def distance_between(sample: Sample, normalizer: tuple[int, int]) -> float | None:
    """The distance of two points in pixels; None if one is hidden, or if it is below a pixel."""
    if not bool(sample.visible[list(normalizer)].all()):
        return None
    a, b = sample.points[list(normalizer)]
    distance = float((a - b).norm())
    return distance if distance >= 1 else None


def extent(points: Float[Tensor, "k 2"]) -> float:
    """The square root of the area of the box around points; of points on a line, their longest distance in x or y."""
    if not len(points):
        return 1.0
    sides = points.amax(0) - points.amin(0)
    return float(sides.prod().sqrt() if bool((sides > 0).all()) else sides.max())


def _target(samples: Sequence[Sample], squares: Sequence[Square], measure: Callable[[Sample], float]) -> Target:
    sides = torch.tensor([float(square.side) for square in squares])
    sizes = torch.tensor([measure(sample) for sample in samples])
    areas = [sample.area or object_size(sample) ** 2 for sample in samples]
    paths = {path: number for number, path in enumerate(dict.fromkeys(sample.path for sample in samples))}
    points = [square.fractions(sample.points) for sample, square in zip(samples, squares, strict=True)]
    return {
        "present": torch.tensor([sample.present for sample in samples]),
        "points": torch.stack(points),
        "visible": torch.stack([sample.visible for sample in samples]),
        "size": (sizes / sides).clamp(min=_LEAST_SIZE),
        "labels": torch.tensor([sample.label for sample in samples]),
        "image": torch.tensor([paths[sample.path] for sample in samples]),
        "origin": torch.tensor([[float(square.left), float(square.top)] for square in squares]),
        "side": sides,
        "area": torch.tensor(areas),
    }
