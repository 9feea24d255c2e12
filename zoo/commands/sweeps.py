"""The sweep that a running command belongs to."""

from typing import Any

from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate


def running_sweep() -> Any:
    """The configuration of Hydra if the running command is one of a sweep, else None."""
    return HydraConfig.instance().cfg if HydraConfig.get().mode == RunMode.MULTIRUN else None


def end_sweep(sweep: Any) -> None:
    """Ends a sweep as Hydra does after its last run, so that those before a refused value have their table."""
    for callback in sweep.hydra.callbacks.values() if sweep is not None else ():
        instantiate(callback).on_multirun_end(sweep)
