"""What every data module of series shares: windows, splits, and the scale of the training part."""

from abc import abstractmethod
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import DataModule, Split
from zoo.data.series.scaler import fit_scale, naive_errors
from zoo.data.series.windows import RandomBatches, Windows
from zoo.errors import ZooError

_ROUNDING = 1e-12  # of a value, far more than sums in double precision lose


@dataclass(frozen=True, kw_only=True)
class Splits:
    """Series by split, and the spans of steps within which their windows lie."""

    names: list[str]
    """Of the channels; those to forecast come first."""
    series: dict[str, Tensor]
    """Of each split [time c]; the splits may share one."""
    spans: dict[str, list[tuple[int, int]]]
    strides: dict[str, int]
    out_channels: int = 1
    known: Tensor | None = None
    """Covariates known beforehand [time k], where the splits share one series."""
    known_names: list[str] = field(default_factory=list)
    mapped: np.ndarray | None = None
    """The series as an array on disk, where the splits share one that is read from there."""


class SeriesData(DataModule):
    """Windows of `context` known steps and the `horizon` steps to forecast.

    `windows_per_epoch` training windows are drawn at random offsets, or every window once where it is null.
    The scale is that of the training spans alone. `season` is the naive rule's, in steps.
    With `differences` networks forecast how far the series moves from its last value, as one with a trend needs.

    Raises:
        ZooError: a context, horizon or season below 1.
    """

    feeds = frozenset({"forecasting"})

    def __init__(
        self,
        *,
        context: int,
        horizon: int,
        season: int,
        scaler: str,
        differences: bool,
        windows_per_epoch: int | None,
        batch_size: int,
        num_workers: int | Literal["auto"],
        seed: int,
    ) -> None:
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed)
        for name, value in {"context": context, "horizon": horizon, "season": season}.items():
            if value < 1:
                raise ZooError(f"`data.{name}` (={value}) must be at least 1")
        self.context = context
        self.horizon = horizon
        self.season = season
        self.scaler = scaler
        self.differences = differences
        self.windows_per_epoch = windows_per_epoch

    @abstractmethod
    def splits(self) -> Splits:
        """The series and where its parts begin and end.

        Raises:
            ZooError: the data is not there or not usable.
        """

    def load(self) -> dict[str, Any]:
        """Windows of each split."""
        self.parts = parts = self.splits()
        train = parts.series["train"].numpy() if parts.mapped is None else parts.mapped
        spans = [train[first:end] for first, end in parts.spans["train"]]
        self.scale = fit_scale(spans, parts.names, self.scaler)
        self.known_scale = self._fit_known()
        self.naive_error = naive_errors([span[:, : parts.out_channels] for span in spans], self.season)
        return {
            name: Windows(
                parts.series[name],
                parts.spans[name],
                context=self.context,
                horizon=self.horizon,
                out_channels=parts.out_channels,
                stride=parts.strides[name],
                known=parts.known,
                mapped=parts.mapped,
            )
            for name in parts.spans
        }

    def _fit_known(self) -> tuple[list[float], list[float]]:
        known = self.parts.known
        if known is None:
            return [], []
        train = [known.numpy()[first:end] for first, end in self.parts.spans["train"]]
        values = np.concatenate(train)
        center, spread = values.mean(0), values.std(0)
        varies = spread > _ROUNDING * np.abs(center)  # the deviation of a constant is what rounding left
        return center.tolist(), np.where(varies, spread, 1.0).tolist()

    def metadata(self) -> dict[str, Any]:
        """Lengths, channels and scale."""
        self.setup()
        return {
            "context": self.context,
            "horizon": self.horizon,
            "in_channels": len(self.parts.names),
            "out_channels": self.parts.out_channels,
            "known_channels": len(self.parts.known_names),
            "season": self.season,
            "differences": self.differences,
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
            "covariates": self.parts.names[self.parts.out_channels :],
            "known": self.parts.known_names,
            "context": self.context,
            "horizon": self.horizon,
            "season": self.season,
        }

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """Training windows at random offsets, the others in order."""
        if name != "train" or self.windows_per_epoch is None:
            return super().sampler(name)
        return RandomBatches(
            len(self.dataset("train")),
            self.batch_size,
            per_epoch=self.windows_per_epoch,
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )

    def all_windows(self, name: Split) -> Any:
        """Every window of a split as one batch."""
        windows = self.dataset(name)
        return windows[torch.arange(len(windows))]
