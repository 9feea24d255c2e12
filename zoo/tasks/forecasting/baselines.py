"""Baselines of a forecaster: last value, drift, seasonal naive, and a linear model."""

from collections.abc import Callable, Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.base import DataModule
from zoo.data.series.windows import WindowBatch, Windows
from zoo.networks.naive_forecasters import NaiveDrift, NaiveLast, SeasonalNaive
from zoo.tasks.base import Task
from zoo.tasks.forecasting.metrics import ForecastErrors

MAX_TRAIN_WINDOWS = 20_000  # training windows at most, sampled at random, so that the fit takes seconds
RIDGE = 1e-6  # relative to the mean square; keeps the fit defined for collinear columns
CHUNK = 4_096

Forecaster = Callable[[Float[Tensor, "n t c"]], Float[Tensor, "n h d"]]


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """Test errors of the last value, the drift of the last two, the last season if there is one, and least squares.

    The linear model forecasts each channel from that channel alone, with the same weights for all channels.
    """
    metadata = datamodule.metadata()
    scored = {}
    for name, forecaster in fit_baselines(datamodule).items():
        scale = metadata["scale"][: metadata["out_channels"]]
        errors = ForecastErrors(metadata["naive_error"], scale, sync_on_compute=False)  # runs in one process
        for batch in batches(datamodule.dataset("test")):
            last = batch.history[:, -1:, : metadata["out_channels"]].expand_as(batch.future)
            errors.update(forecaster(batch.history), batch.future, last)
        scored[name] = {metric: value.item() for metric, value in errors.compute().items()}
    return scored


def fit_baselines(datamodule: DataModule) -> dict[str, Forecaster]:
    """The baselines by name, as functions of histories in the units of the data."""
    metadata = datamodule.metadata()
    shape = {"out_channels": metadata["out_channels"], "horizon": metadata["horizon"]}
    context, season = metadata["context"], metadata["season"]
    networks: dict[str, torch.nn.Module] = {"naive_last": NaiveLast(**shape)}
    if context > 1:
        networks["naive_drift"] = NaiveDrift(context=context, **shape)
    if 1 < season <= context:
        networks["seasonal_naive"] = SeasonalNaive(season=season, context=context, **shape)
    forecasters: dict[str, Forecaster] = {name: _forecaster(network) for name, network in networks.items()}
    return forecasters | {"linear": least_squares(datamodule.dataset("train"), datamodule.seed)}


def batches(windows: Windows) -> Iterator[WindowBatch]:
    """Yields all windows in order, in chunks."""
    for indices in torch.arange(len(windows)).split(CHUNK):
        yield windows[indices]


def least_squares(windows: Windows, seed: int) -> Forecaster:
    """Fits a linear model with the least squared error on training windows."""
    generator = torch.Generator().manual_seed(seed)
    if len(windows) > MAX_TRAIN_WINDOWS:
        chosen = torch.randint(len(windows), (MAX_TRAIN_WINDOWS,), generator=generator)
    else:
        chosen = torch.arange(len(windows))
    batch = windows[chosen]
    channels = batch.future.shape[2]
    past = batch.history[..., :channels].double()
    center = past.mean((0, 1))
    spread = past.std((0, 1), correction=0).clamp(min=1e-300)
    inputs = _with_one((past - center) / spread)
    answers = ((batch.future.double() - center) / spread).transpose(1, 2).flatten(0, 1)
    square = inputs.T @ inputs
    square += RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype)
    weights = torch.linalg.solve(square, inputs.T @ answers)

    def forecaster(history: Float[Tensor, "n t c"]) -> Float[Tensor, "n h d"]:
        rows = _with_one((history[..., :channels].double() - center) / spread)
        forecast = (rows @ weights).unflatten(0, (len(history), channels)).transpose(1, 2)
        return forecast * spread + center

    return forecaster


def _with_one(past: Float[Tensor, "n t d"]) -> Float[Tensor, "n*d t+1"]:
    rows = past.transpose(1, 2).flatten(0, 1)
    return torch.cat([rows, rows.new_ones(len(rows), 1)], dim=1)


def _forecaster(network: torch.nn.Module) -> Forecaster:
    return lambda history: network(history)[..., 0]
