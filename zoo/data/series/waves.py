"""A synthetic benchmark of four noisy waves with a known best possible forecast."""

from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.series.base import SeriesData, Splits
from zoo.errors import ZooError

FREQUENCIES = ((0.20, 0.15), (0.35, 0.30), (0.60, 0.55), (0.40, 0.25))
"""Frequencies of the two sines of each segment, in radians per sample."""
NOISE = 0.4
"""Width of the uniform noise on [0, NOISE), whose standard deviation is 0.1155."""


def draw_waves(samples: int, seed: int) -> Float[Tensor, "4 time"]:
    """The four segments x(t) = sin(at) + sin(bt) + 2u(t), t = 0 … `samples` - 1, u uniform on [0, 0.2).

    Source: "TensorFlow without a PhD" (2018), which adds one draw per sample to each sine and sets no seed.
    """
    generator = torch.Generator().manual_seed(seed)
    t = torch.arange(samples, dtype=torch.float64)
    noise = NOISE * torch.rand(len(FREQUENCIES), samples, generator=generator, dtype=torch.float64)
    clean = torch.stack([torch.sin(a * t) + torch.sin(b * t) for a, b in FREQUENCIES])
    return (clean + noise).float()


@dataclass(kw_only=True, eq=False)
class Waves(SeriesData):
    """Four segments of `samples` each, one after the other, in windows of `context` and `horizon` steps.

    `split: fresh`: training windows start anywhere within a segment; validation (`val_samples` a segment) and test
    windows lie side by side in segments with other noise. No one-step forecast can have a root mean squared error
    below 0.1160 at a context of 32 (0.1181 at 16).
    `split: original`: the published split, for comparison only. Training windows lie side by side; the test windows
    are the same samples shifted by half a window, and the first value follows the last.

    Raises:
        ZooError: an unknown split, or segments shorter than one window.
    """

    samples: int
    val_samples: int
    split: str
    season: int = field(default=1, init=False)
    scaler: str = field(default="none", init=False)
    difference_input: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.split not in ("fresh", "original"):
            raise ZooError(f"`data.split` (={self.split}) must be one of: fresh, original")
        shortest = "samples" if self.samples <= self.val_samples else "val_samples"
        if min(self.samples, self.val_samples) < self.context:
            raise ZooError(
                f"`data.{shortest}` (={min(self.samples, self.val_samples)}) must be at least {self.context}, the "
                f"length of the history (data.context)"
            )

    def splits(self) -> Splits:
        """The waves of each split."""
        train = draw_waves(self.samples, _noise_seed(self.seed, "train"))
        if self.split == "original":
            return self._original(train.reshape(-1, 1))
        waves = {
            "train": train,
            "val": draw_waves(self.val_samples + self.horizon, _noise_seed(self.seed, "val")),
            "test": draw_waves(self.samples + self.horizon, _noise_seed(self.seed, "test")),
        }
        return Splits(
            names=["x"],
            series={name: wave.reshape(-1, 1) for name, wave in waves.items()},
            spans={name: _segments(wave.shape[1]) for name, wave in waves.items()},
            strides={"train": 1, "val": self.context, "test": self.context},
        )

    def _original(self, series: Tensor) -> Splits:
        count, half = len(series), self.context // 2
        wrapped = torch.cat([series, series[: half + self.horizon]])
        spans = {"train": (0, count + self.horizon), "val": (half, half + count + self.horizon)}
        spans["test"] = spans["val"]
        return Splits(
            names=["x"],
            series=dict.fromkeys(spans, wrapped),
            spans={name: [span] for name, span in spans.items()},
            strides=dict.fromkeys(spans, self.context),
        )


def _segments(samples: int) -> list[tuple[int, int]]:
    return [(k * samples, (k + 1) * samples) for k in range(len(FREQUENCIES))]


def _noise_seed(seed: int, split: str) -> int:
    return 3 * seed + ("train", "val", "test").index(split)
