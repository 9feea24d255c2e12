"""Builds the model of a checkpoint once its weights are known to fit, so that memory is bounded by the file's size."""

import math
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.config.instantiate import instantiate
from zoo.errors import ZooError
from zoo.tasks.base import Task
from zoo.tasks.module import LEARNED
from zoo.tensor_files.few_parts import few_parts
from zoo.tensor_files.weights import mismatches, require_plain_tensor

_NUMBER = 1_000_000  # smaller numbers of a configuration are not compared with the file


def build(config: Mapping[str, Any], state: Mapping[str, Any], path: str | Path, *, trusted: bool) -> Task:
    """Builds a task and loads its weights.

    It is first built without memory (on torch's device `meta`) and compared with the weights. `trusted`: it may
    have parts of the user's own, which need not be able to do that.

    Raises:
        ZooError: a configuration that cannot be built, or weights that are unusual or do not fit it.
    """
    limit = max(_NUMBER, sum(value.numel() for value in state.values() if isinstance(value, Tensor)))
    if (large := next((number for number in _numbers(config) if not abs(number) <= limit), None)) is not None:
        raise ZooError(f"{path} describes a model with the number {large:.3g}, and its weights are {limit:,} at most")
    try:
        with torch.device("meta"), few_parts(len(state), path), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of PyTorch about empty layers, which do not fit the weights
            expected = _task(config, path).state_dict()
    except ZooError:
        raise
    except Exception as error:
        if not trusted:
            raise _unbuilt(path, error) from error
        expected = None
    if expected is not None:
        _check(path, state, expected)
    try:
        task = _task(config, path)
        task.load_state_dict(state)
    except ZooError:
        raise
    except Exception as error:
        raise _unbuilt(path, error) from error
    return task


def _task(config: Mapping[str, Any], path: str | Path) -> Task:
    task = instantiate(config, "model")
    if not isinstance(task, Task):
        raise ZooError(f"{path} describes no model: {config.get('_target_')}")
    return task


def _check(path: str | Path, state: Mapping[str, Any], expected: Mapping[str, Tensor]) -> None:
    if wrong := mismatches(state, expected):
        more = f", and {len(wrong) - 3} more" if len(wrong) > 3 else ""
        raise ZooError(
            f"{path}: its weights do not fit its own configuration; the file was edited: {', '.join(wrong[:3])}{more}"
        )
    for name, like in expected.items():
        if name.partition(".")[0] in LEARNED:  # a threshold or an interval is infinite before the first validation
            require_plain_tensor(path, name, state[name], like)


def _unbuilt(path: str | Path, error: Exception) -> ZooError:
    first = (str(error).splitlines() or [""])[0]
    return ZooError(f"{path}: its configuration builds no model ({type(error).__name__}: {first:.200})")


def _numbers(config: Any) -> Iterator[float]:
    """Every number in a configuration; NaN as it is."""
    if isinstance(config, Mapping):
        config = list(config.values())
    if isinstance(config, Sequence) and not isinstance(config, str | bytes):
        for value in config:
            yield from _numbers(value)
    elif isinstance(config, int) or (isinstance(config, float) and math.isfinite(config)):
        yield config
