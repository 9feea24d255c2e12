"""Forecasts of any number of steps, by feeding forecasts back beyond the trained horizon."""

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.errors import ZooError
from zoo.tasks.forecasting.task import Forecast, Forecasting


def require_horizon(task: Forecasting, steps: int, *, recursive: bool) -> None:
    """Requires that the network can forecast `steps`.

    Raises:
        ZooError: there are more steps than the trained horizon, and `recursive` is false or impossible.
    """
    if steps > task.horizon and not (recursive or _is_recursive(task)):
        raise ZooError(
            f"`horizon` (={steps}) is beyond the {task.horizon} steps that this network was trained to forecast: "
            f"ask for at most {task.horizon}, or feed its forecasts back with recursive=true"
        )
    if steps > task.horizon and task.in_channels != task.out_channels:
        raise ZooError(
            f"`horizon` (={steps}) is beyond the {task.horizon} steps that this network was trained to forecast, "
            f"and it reads columns that it does not forecast ({task.in_channels - task.out_channels}), so that its "
            f"forecasts cannot be fed back: ask for at most {task.horizon}"
        )


def required_covariate_steps(task: Forecasting, steps: int) -> int:
    """The number of steps ahead whose covariates a forecast of `steps` needs.

    A direct network always reads its full horizon.
    """
    return steps if _is_recursive(task) else -(-steps // task.horizon) * task.horizon


def rollout(
    task: Forecasting,
    history: Float[Tensor, "b t c"],
    covariates: Float[Tensor, "b s k"] | None,
    steps: int,
    *,
    recursive: bool,
) -> Forecast:
    """Forecasts `steps` after the history; beyond the trained horizon, forecasts are fed back as inputs.

    Intervals are calibrated up to the trained horizon. Beyond it they have the width of its widest step times
    sqrt(step / horizon), as the errors of a random walk grow. `covariates` [B T+S K] covers
    the T steps of the history and S = `required_covariate_steps` steps ahead.

    Raises:
        ZooError: see `require_horizon`.
    """
    require_horizon(task, steps, recursive=recursive)
    context = history.shape[1]
    blocks: list[Forecast] = []
    for done in range(0, steps, task.horizon):
        ahead = None if covariates is None else covariates[:, done : done + context + task.horizon]
        short = 0 if ahead is None else context + task.horizon - ahead.shape[1]
        if ahead is not None and short > 0:  # a recursive network may stop before its horizon
            ahead = torch.cat([ahead, ahead[:, -1:].expand(-1, short, -1)], dim=1)
        block = task.forecast(history, ahead)
        blocks.append(_widened(block.value, blocks[0], done) if done else block)
        if done + task.horizon < steps:  # `require_horizon` ensures equal input and output channels
            history = torch.cat([history, block.value.to(history.dtype)], dim=1)[:, -context:]
    return Forecast(*(torch.cat(parts, dim=1)[:, :steps] for parts in zip(*blocks, strict=True)))


def _widened(value: Float[Tensor, "b h d"], trained: Forecast, done: int) -> Forecast:
    """A block of values that begins after `done` steps, with the widest interval of the trained horizon, scaled."""
    horizon = trained.value.shape[1]
    steps = torch.arange(done + 1, done + horizon + 1, device=value.device)
    growth = (steps / horizon).sqrt().to(value.dtype)[:, None]
    below = (trained.value - trained.lower).amax(1, keepdim=True)
    above = (trained.upper - trained.value).amax(1, keepdim=True)
    quantiles = (trained.quantiles - trained.value[..., None])[:, -1:] * growth[..., None]
    return Forecast(value, value - below * growth, value + above * growth, value[..., None] + quantiles)


def _is_recursive(task: Forecasting) -> bool:
    return bool(getattr(task.network, "recursive", False))
