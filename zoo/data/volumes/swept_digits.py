"""Handwritten digits swept into three dimensions: available offline."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, UInt8
from sklearn.datasets import load_digits
from torch import Tensor
from torch.nn import functional as F

from zoo.data.splits import stratified_split
from zoo.data.volumes.augment import rotation
from zoo.data.volumes.base import VolumeData, VolumePreprocessing, measured_statistics
from zoo.data.volumes.datasets import TensorVolumes
from zoo.errors import ZooError

_BRIGHTEST = 16  # pixel value of full ink in the 8×8 images
_FILL = 0.75  # of a side: the height of a digit, which keeps it inside as it turns
_CHUNK = 256


@dataclass(kw_only=True, eq=False)
class SweptDigits(VolumeData):
    """1,797 handwritten digits as solids of `size`³ voxels: 70 % train, 10 % val, 20 % test.

    Each image is swept along the depth by its own thickness, turned about the vertical axis by up to `degrees`, and
    covered with noise. The volumes depend on the seed alone. Source of the images: scikit-learn's digits.

    Raises:
        ZooError: a size below 8, or a negative amount.
    """

    size: int
    degrees: float
    noise: float

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.size < 8:
            raise ZooError(f"`data.size` (={self.size}) must be at least 8")
        for name, value in (("degrees", self.degrees), ("noise", self.noise)):
            if value < 0:
                raise ZooError(f"`data.{name}` (={value}) must not be negative")

    def load(self) -> dict[str, Any]:
        """The three splits, stratified by class."""
        pixels, targets = load_digits(return_X_y=True)
        ink = torch.from_numpy(pixels).float().view(-1, 1, 8, 8) / _BRIGHTEST
        generator = torch.Generator().manual_seed(self.seed)
        volumes = torch.cat([self._sweep(part, generator) for part in ink.split(_CHUNK)])
        labels = torch.from_numpy(targets)
        rest, test = stratified_split(targets, 0.2, self.seed)
        train, val = stratified_split(targets[rest], 0.125, self.seed)
        self.class_names = [str(digit) for digit in range(10)]
        indices = {"train": rest[train], "val": rest[val], "test": test}
        splits = {name: TensorVolumes(volumes[part], labels[part]) for name, part in indices.items()}
        mean, std = measured_statistics(splits["train"], self.seed)
        self.preprocessing = VolumePreprocessing(size=(self.size,) * 3, channels=1, mean=mean, std=std, resize=True)
        return splits

    def _sweep(self, ink: Float[Tensor, "n 1 8 8"], generator: torch.Generator) -> UInt8[Tensor, "n 1 s s s"]:
        count, size = len(ink), self.size
        thickness = torch.empty(count).uniform_(0.15, 0.4, generator=generator)
        angle = torch.empty(count).uniform_(-self.degrees, self.degrees, generator=generator) * math.pi / 180
        depth = torch.linspace(-1, 1, size)
        inside = (depth[None] / _FILL).abs() <= thickness[:, None]
        solid = F.interpolate(ink, (size, size), mode="bilinear", align_corners=False)[:, :, None]
        solid = solid * inside[:, None, :, None, None]
        theta = torch.cat([rotation(1, angle) / _FILL, torch.zeros(count, 3, 1)], dim=2)
        grid = F.affine_grid(theta, list(solid.shape), align_corners=False)
        turned = F.grid_sample(solid, grid, padding_mode="zeros", align_corners=False)
        noisy = turned + self.noise * torch.randn(turned.shape, generator=generator)
        return (noisy.clamp(0, 1) * 255).round().to(torch.uint8)
