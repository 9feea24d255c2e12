"""Checks numbers of the trainer that Lightning accepts, and fails on later or trains with."""

import math
from collections.abc import Mapping
from typing import Any

from zoo.errors import ZooError

_PRECISIONS = ("32-true", "16-mixed", "bf16-mixed", "16-true", "bf16-true", "64-true")
_ALIASES = ("transformer-engine", "transformer-engine-float16", "bf16", "64", "32", "16", 64, 32, 16)
_LEAST = {
    "max_epochs": -1,  # no end
    "min_epochs": 0,
    "max_steps": -1,
    "min_steps": 0,
    "accumulate_grad_batches": 1,
    "check_val_every_n_epoch": 1,
    "log_every_n_steps": 0,
    "num_sanity_val_steps": -1,
    "num_nodes": 1,
}
_NEVER_NULL = ("accumulate_grad_batches", "max_steps", "num_nodes")
_SHARES = ("limit_train_batches", "limit_test_batches", "val_check_interval")


def check_callbacks(config: Mapping[str, Any]) -> None:
    """Checks the `patience` of callbacks, which Lightning does not.

    Raises:
        ZooError: it is negative, or no whole number.
    """
    for name, options in config.items():
        patience = options.get("patience", 0) if isinstance(options, Mapping) else 0
        if not isinstance(patience, int) or isinstance(patience, bool) or patience < 0:
            raise ZooError(f"`callbacks.{name}.patience` (={patience}) must be a whole number of at least 0, of epochs")


def check_trainer(config: Mapping[str, Any]) -> None:
    """Checks the numbers of a `trainer` configuration.

    Raises:
        ZooError: a fraction, null, a number that is too small or infinite, or a precision that Lightning does not have.
    """
    if config.get("devices") in (0, "0", []):
        raise ZooError(f"`trainer.devices` (={config['devices']}) must be at least 1; trainer=cpu trains without a GPU")
    if (precision := config.get("precision")) not in (None, "auto", *_PRECISIONS, *_ALIASES):
        raise ZooError(f"`trainer.precision` (={precision}) must be auto or one of: {', '.join(_PRECISIONS)}")
    for name in _NEVER_NULL:
        if name in config and config[name] is None:
            raise ZooError(f"`trainer.{name}` (=null) needs a value")
    for name, least in _LEAST.items():
        value = config.get(name)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < least):
            raise ZooError(f"`trainer.{name}` (={value}) must be a whole number of at least {least}")
    if isinstance(config.get("max_time"), int | float):
        raise ZooError(f"`trainer.max_time` (={config['max_time']}) must be text, DD:HH:MM:SS, such as 00:01:30:00")
    if config.get("max_steps") == 0:
        raise ZooError("`trainer.max_steps` (=0) must be at least 1, or -1 for no limit")
    for name in _SHARES:
        value = config.get(name)
        if isinstance(value, int | float) and not (value > 0 and (isinstance(value, int) or value <= 1)):
            raise ZooError(f"`trainer.{name}` (={value}) must be a share in (0, 1], or a number of batches")
    clip = config.get("gradient_clip_val")
    if clip is not None and not (isinstance(clip, int | float) and 0 <= clip < math.inf):
        raise ZooError(f"`trainer.gradient_clip_val` (={clip}) must be a finite number of at least 0, or null")
