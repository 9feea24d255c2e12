"""Builds the data module, the task and the trainer from a configuration."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import Logger

from zoo.checkpoints.gate import require_classes
from zoo.checkpoints.io import StreamingCheckpointIO
from zoo.config.instantiate import complete, instantiate, locate
from zoo.data.base import DataModule
from zoo.distribution import run_command
from zoo.errors import ZooError
from zoo.hardware import Hardware
from zoo.run.callbacks import Interruption, NoProfiler, Progress
from zoo.run.checkpointing import BestAndLast
from zoo.run.doctor import Doctor
from zoo.run.flops import forward_flops
from zoo.run.metrics_table import MetricsTable
from zoo.run.refused_options import refusal, refused_option
from zoo.run.throughput import Throughput
from zoo.tasks.base import Task


def build_data(config: dict[str, Any]) -> DataModule:
    """Builds the data module of a `data` configuration and attaches the configuration to it.

    Raises:
        ZooError: an argument that the data module does not take.
    """
    datamodule = instantiate(complete(config, {}, "data"), "data")
    assert isinstance(datamodule, DataModule)
    datamodule.config = config
    return datamodule


def build_task(config: dict[str, Any], metadata: Mapping[str, Any], card: dict[str, Any]) -> Task:
    """Builds the task of a `model` configuration, completed with the metadata of its data.

    Raises:
        ZooError: an argument is missing, unknown, or contradicts the metadata.
    """
    completed = complete(config, metadata, "model")
    require_classes(completed)
    for name in ("network", "loss"):
        if name in completed and not isinstance(completed[name], Mapping):
            raise ZooError(f"`model.{name}` (=null) must be keys with a `_target_`, which names a class")
    task = instantiate(completed, "model")
    if not isinstance(task, Task):
        raise ZooError(
            "`model` has no `_target_` that is a task: the first line of a model file is # @package _global_"
        )
    task.config = completed
    task.card = card
    return task


def require_matching_data(target: str, datamodule: DataModule, *, model: str, data: str) -> None:
    """Checks that the task accepts the batches of the data with the dotted path `target`.

    Raises:
        ZooError: they feed other kinds of tasks.
    """
    kind = getattr(locate(target), "kind", None)
    if kind is not None and datamodule.feeds and kind not in datamodule.feeds:
        raise ZooError(
            f"model={model} does {kind}, and data={data} is for {' and '.join(sorted(datamodule.feeds))}: "
            f"{datamodule.suitable_models() or f'leave out `data=…` for data that suits the model; {_lists_all()}'}"
        )


def _lists_all() -> str:
    return f"`{run_command('train')} --help` lists all"


def attach_optimizer(task: Task, optimizer: dict[str, Any], scheduler: dict[str, Any]) -> None:
    """Sets the optimizer factory and the schedule of the task.

    Raises:
        ZooError: an option that the optimizer refuses.
    """
    factory = instantiate(complete(optimizer, {}, "optimizer"), "optimizer")
    if not isinstance(factory, partial):
        raise ZooError("`optimizer._partial_` must be true: the parameters are given later")
    if (error := refusal(factory)) is not None:
        raise ZooError(refused_option(error, optimizer, factory)) from error
    task.optimizer_factory = factory
    task.schedule = instantiate(complete(scheduler, {}, "scheduler"), "scheduler")


def build_callbacks(config: dict[str, Any], task: Task, run_dir: Path) -> list[Callback]:
    """Default callbacks (throughput, progress bar, doctor, checkpointing) and the configured ones.

    Raises:
        ZooError: an option that a callback does not take.
    """
    progress = Progress(task.monitor, bar=config["trainer"].get("enable_progress_bar", True))
    callbacks: list[Callback] = [Throughput(forward_flops(task)), progress]
    if not config["trainer"].get("fast_dev_run"):
        callbacks += [Doctor()] if config["doctor"] else []
        callbacks.append(BestAndLast(run_dir / "checkpoints", task.monitor, task.monitor_mode))
    metadata = {"monitor": task.monitor, "mode": task.monitor_mode}
    return callbacks + _named(config["callbacks"], metadata, "callbacks")


def build_loggers(config: dict[str, Any], run_dir: Path) -> list[Logger]:
    """The CSV logger of `metrics.csv` and the configured loggers.

    Raises:
        ZooError: a logger's package is not installed.
    """
    return [MetricsTable(run_dir), *_named(config["logger"], {}, "logger")]


def build_trainer(
    config: dict[str, Any],
    hardware: Hardware,
    run_dir: Path,
    *,
    callbacks: list[Callback],
    loggers: list[Logger],
    deterministic: bool,
) -> Trainer:
    """Builds the trainer of a `trainer` configuration, with `auto` values replaced by those of `hardware`.

    Raises:
        ZooError: an option that the trainer does not take.
    """
    chosen = {
        "accelerator": hardware.accelerator,
        "devices": hardware.devices,
        "precision": hardware.precision,
        "default_root_dir": str(run_dir),
        "deterministic": deterministic,
        "enable_checkpointing": any(isinstance(callback, BestAndLast) for callback in callbacks),
        "enable_progress_bar": any(isinstance(callback, Progress) for callback in callbacks),
    }
    arguments = complete(config | chosen, {}, "trainer")
    objects = {
        "callbacks": [Interruption(), *callbacks],
        "logger": loggers or False,
        "profiler": config.get("profiler") or NoProfiler(),
    }
    if not config.get("plugins"):
        objects["plugins"] = StreamingCheckpointIO()
    try:
        trainer = instantiate(arguments | objects, "trainer")
    except ZooError:
        raise
    except Exception as error:  # Lightning's errors for a wrong option are of many types
        raise ZooError(f"trainer: {error}") from error
    assert isinstance(trainer, Trainer)
    return trainer


def prepare_network(task: Task, *, channels_last: bool, compiled: bool) -> None:
    """Converts the weights to channels-last and compiles the network, both in place, so that weight names are kept."""
    if channels_last:
        for parameter in task.network.parameters():
            if parameter.ndim == 4:
                parameter.data = parameter.data.to(memory_format=torch.channels_last)  # 1×1 kernels too
    if compiled:
        task.compile_network()


def frozen_inference(*, compiled: bool) -> AbstractContextManager[object]:
    """Context manager for compiled inference: TorchInductor constant-folds the weights (`freezing=True`).

    Batch norms are folded into convolutions and activations are fused; ResNet-50 on a CPU takes about half the time.
    Later changes of the weights do not reach a network compiled in this context.
    """
    if not compiled:
        return nullcontext()
    from torch._inductor import config  # slow to import

    return config.patch(freezing=True)


def _named(configs: Mapping[str, Any], metadata: Mapping[str, Any], where: str) -> list[Any]:
    for name, config in configs.items():
        if not isinstance(config, Mapping) or "_target_" not in config:
            raise ZooError(f"`{where}.{name}` (={config}) must have a `_target_`")
    completed = {name: complete(config, metadata, f"{where}.{name}") for name, config in configs.items()}
    return [_instantiate_named(config, f"{where}.{name}") for name, config in completed.items()]


def _instantiate_named(config: Mapping[str, Any], where: str) -> Any:
    try:
        return instantiate(config, where)
    except ZooError:
        raise
    except Exception as error:
        raise ZooError(f"`{where}`: {error}") from error
