"""Forecasts of as many steps as are asked for, whatever a forecaster was trained for."""

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.errors import ZooError
from zoo.tasks.forecasting.task import Forecast, Forecasting


def require_horizon(task: Forecasting, steps: int, *, recursive: bool) -> None:
    """Refuses a horizon that the network does not reach.

    Raises:
        ZooError: more steps than it was trained for, and `recursive` not asked for or not possible.
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


def required_known_steps(task: Forecasting, steps: int) -> int:
    """How many steps ahead must be known for a forecast of `steps`.

    A network that forecasts its whole horizon at once reads all of it, however few steps are asked for.
    """
    return steps if _is_recursive(task) else -(-steps // task.horizon) * task.horizon


def rollout(
    task: Forecasting,
    history: Float[Tensor, "b t c"],
    known: Float[Tensor, "b s k"] | None,
    steps: int,
    *,
    recursive: bool,
) -> Forecast:
    """`steps` ahead of the history; past the network's horizon its own forecasts are fed back to it.

    Fed-back steps have no interval (NaN), since none was measured for them. Of `known` [B T+S K] the first
    T steps are those of the history, and S is `required_known_steps`.

    Raises:
        ZooError: as `require_horizon` does.
    """
    require_horizon(task, steps, recursive=recursive)
    context, blocks = history.shape[1], []
    for done in range(0, steps, task.horizon):
        ahead = None if known is None else known[:, done : done + context + task.horizon]
        short = 0 if ahead is None else context + task.horizon - ahead.shape[1]
        if ahead is not None and short > 0:  # one that goes step by step may stop before its horizon
            ahead = torch.cat([ahead, ahead[:, -1:].expand(-1, short, -1)], dim=1)
        block = task.forecast(history, ahead)
        if done:
            unknown = torch.full_like(block.value, torch.nan)
            block = Forecast(block.value, unknown, unknown, torch.full_like(block.quantiles, torch.nan))
        blocks.append(block)
        if done + task.horizon < steps:  # what it reads is then what it forecasts, as `require_horizon` saw to
            history = torch.cat([history, block.value.to(history.dtype)], dim=1)[:, -context:]
    return Forecast(*(torch.cat(parts, dim=1)[:, :steps] for parts in zip(*blocks, strict=True)))


def _is_recursive(task: Forecasting) -> bool:
    return bool(getattr(task.network, "recursive", False))
