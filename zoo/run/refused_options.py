"""Tells errors of options: of an optimizer's constructor and first step, and of Lightning while it trains."""

from collections.abc import Mapping
from functools import partial
from traceback import walk_tb
from typing import Any

import torch
from torch import nn

from zoo.full_memory import is_out_of_memory
from zoo.tasks.base import OptimizerFactory, Task


def refusal(factory: OptimizerFactory) -> Exception | None:
    """The error of an optimizer's constructor, for one parameter; None if it has none."""
    try:
        factory([{"params": [nn.Parameter(torch.zeros(1, 1))]}])
    except Exception as error:
        return error
    return None


def refused_option(error: Exception, options: Mapping[str, Any], factory: partial[Any]) -> str:
    """The message for an error of the constructor: names the option without which there is none."""
    for name, value in options.items():
        if value is None:
            return f"`optimizer.{name}` (=null) needs a value"
    for name, value in reversed(factory.keywords.items()):  # those that the user adds come last
        others = {key: kept for key, kept in factory.keywords.items() if key != name}
        if refusal(partial(factory.func, **others)) is None:
            return f"`optimizer.{name}` (={value}) is refused by {factory.func.__name__}: {error}"
    return f"`optimizer`: {error}"


def raised_in_optimizer(error: Exception, task: Task) -> bool:
    """Whether code of the optimizer raised `error`, and not the training step that it calls, or a lack of memory."""
    factory = task.optimizer_factory
    if not isinstance(factory, partial) or is_out_of_memory(error):
        return False
    for module in reversed(_modules(error)):
        if module == factory.func.__module__ or module.startswith("torch.optim."):
            return True
        if module.startswith(("zoo.", "pytorch_lightning.")):
            return False
    return False


def raised_by_lightning(error: Exception) -> bool:
    """Whether Lightning itself raised `error`, as for an option that contradicts the data or the logged values."""
    by_lightning = _modules(error)[-1].startswith("pytorch_lightning.")
    return by_lightning and isinstance(error, RuntimeError | ValueError) and not is_out_of_memory(error)


def refused_step(error: Exception, task: Task) -> str:
    """The message for an error of the optimizer while training starts."""
    factory = task.optimizer_factory
    assert isinstance(factory, partial)
    options = ", ".join(f"optimizer.{name}={value}" for name, value in factory.keywords.items())
    return f"`optimizer`: {factory.func.__name__} cannot train this model with {options}: {error}"


def _modules(error: Exception) -> list[str]:
    """The modules of the frames of an error, the one that raised it last."""
    return [str(frame.f_globals.get("__name__")) for frame, _ in walk_tb(error.__traceback__)]
