"""The interface of every data module of series: windows, splits, and the scale of the training spans."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import DataModule, Split
from zoo.data.series.scaler import fit_scale, naive_errors
from zoo.data.series.windows import RandomBatches, Windows
from zoo.errors import ZooError

_ROUNDING = 1e-12  # relative; far above the rounding error of sums in double precision


@dataclass(frozen=True, kw_only=True)
class Splits:
    """The series of each split, and the spans of steps that contain its windows."""

    names: list[str]
    """Names of the channels; the targets come first."""
    series: dict[str, Tensor]
    """The series [time c] of each split; splits may share one."""
    spans: dict[str, list[tuple[int, int]]]
    """[first, end) of each span, by split."""
    strides: dict[str, int]
    """Steps between the starts of two windows, by split."""
    out_channels: int = 1
    future_covariates: Tensor | None = None
    """Future covariates [time k], if the splits share one series."""
    future_covariate_names: list[str] = field(default_factory=list)
    mapped: np.ndarray | None = None
    """The memory-mapped array of the series, if the splits share one on disk."""


@dataclass(kw_only=True, eq=False)
class SeriesData(DataModule):
    """Windows of `context` past steps followed by `horizon` steps to forecast.

    `windows_per_epoch` training windows are drawn at random offsets; null takes every window once. The scale is that
    of the training spans. `season` is the period of the seasonal naive forecast, in steps. With `difference_input`,
    networks forecast the change from the last value, which suits series with a trend.

    Raises:
        ZooError: a context, horizon or season below 1.
    """

    feeds = frozenset({"forecasting"})

    context: int
    horizon: int
    season: int
    scaler: str
    difference_input: bool
    windows_per_epoch: int | None

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in {"context": self.context, "horizon": self.horizon, "season": self.season}.items():
            if value < 1:
                raise ZooError(f"`data.{name}` (={value}) must be at least 1")

    @abstractmethod
    def splits(self) -> Splits:
        """The series and the spans of each split.

        Raises:
            ZooError: the data is missing or unusable.
        """

    def load(self) -> dict[str, Any]:
        """The windows of each split."""
        self.parts = parts = self.splits()
        train = parts.series["train"].numpy() if parts.mapped is None else parts.mapped
        spans = [train[first:end] for first, end in parts.spans["train"]]
        self.scale = fit_scale(spans, parts.names, self.scaler)
        self.known_scale = self._fit_covariates()
        self.naive_error = naive_errors([span[:, : parts.out_channels] for span in spans], self.season)
        return {
            name: Windows(
                parts.series[name],
                parts.spans[name],
                context=self.context,
                horizon=self.horizon,
                out_channels=parts.out_channels,
                stride=parts.strides[name],
                future_covariates=parts.future_covariates,
                mapped=parts.mapped,
            )
            for name in parts.spans
        }

    def _fit_covariates(self) -> tuple[list[float], list[float]]:
        future_covariates = self.parts.future_covariates
        if future_covariates is None:
            return [], []
        train = [future_covariates.numpy()[first:end] for first, end in self.parts.spans["train"]]
        values = np.concatenate(train)
        center, spread = values.mean(0), values.std(0)
        varies = spread > _ROUNDING * np.abs(center)  # a constant has a deviation of rounding errors only
        return center.tolist(), np.where(varies, spread, 1.0).tolist()

    def metadata(self) -> dict[str, Any]:
        """Lengths of a window, number of channels, and the scale."""
        self.setup()
        return {
            "context": self.context,
            "horizon": self.horizon,
            "in_channels": len(self.parts.names),
            "out_channels": self.parts.out_channels,
            "covariate_channels": len(self.parts.future_covariate_names),
            "season": self.season,
            "difference_input": self.difference_input,
            "center": self.scale.center,
            "scale": self.scale.scale,
            "known_center": self.known_scale[0],
            "known_scale": self.known_scale[1],
            "naive_error": self.naive_error,
        }

    def card(self) -> dict[str, Any]:
        """Names of the channels, and the lengths of a window."""
        self.setup()
        return {
            "targets": self.parts.names[: self.parts.out_channels],
            "past_covariates": self.parts.names[self.parts.out_channels :],
            "future_covariates": self.parts.future_covariate_names,
            "context": self.context,
            "horizon": self.horizon,
            "season": self.season,
        }

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """Training windows at random offsets; all others in order."""
        if name != "train" or self.windows_per_epoch is None:
            return super().sampler(name)
        return RandomBatches(
            len(self.dataset("train")),
            self.batch_size,
            per_epoch=self.windows_per_epoch,
            seed=self.seed,
            rank=self.rank,
            world_size=self.world_size,
        )

    def all_windows(self, name: Split) -> Any:
        """Every window of a split as one batch."""
        windows = self.dataset(name)
        return windows[torch.arange(len(windows))]
