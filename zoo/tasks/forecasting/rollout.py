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

    Steps beyond the horizon have no interval (NaN), since none is calibrated for them. `covariates` [B T+S K] covers
    the T steps of the history and S = `required_covariate_steps` steps ahead.

    Raises:
        ZooError: see `require_horizon`.
    """
    require_horizon(task, steps, recursive=recursive)
    context, blocks = history.shape[1], []
    for done in range(0, steps, task.horizon):
        ahead = None if covariates is None else covariates[:, done : done + context + task.horizon]
        short = 0 if ahead is None else context + task.horizon - ahead.shape[1]
        if ahead is not None and short > 0:  # a recursive network may stop before its horizon
            ahead = torch.cat([ahead, ahead[:, -1:].expand(-1, short, -1)], dim=1)
        block = task.forecast(history, ahead)
        if done:
            unknown = torch.full_like(block.value, torch.nan)
            block = Forecast(block.value, unknown, unknown, torch.full_like(block.quantiles, torch.nan))
        blocks.append(block)
        if done + task.horizon < steps:  # `require_horizon` ensures equal input and output channels
            history = torch.cat([history, block.value.to(history.dtype)], dim=1)[:, -context:]
    return Forecast(*(torch.cat(parts, dim=1)[:, :steps] for parts in zip(*blocks, strict=True)))


def _is_recursive(task: Forecasting) -> bool:
    return bool(getattr(task.network, "recursive", False))
