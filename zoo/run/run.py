"""One run: its data, task, hardware and trainer, built in one place in one order."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import Callback, Trainer, seed_everything
from pytorch_lightning.loggers import Logger
from torch import nn

from zoo.config.instantiate import locate
from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.hardware import Hardware, check_sync_batchnorm, resolve_hardware
from zoo.pretrained.catalog import Source, resolve_weights
from zoo.pretrained.finetune import apply_finetuning
from zoo.pretrained.sizes import describe_options, with_sizes
from zoo.pretrained.transfer import load_pretrained
from zoo.reports.units import format_flops
from zoo.run.build import (
    attach_optimizer,
    build_callbacks,
    build_data,
    build_loggers,
    build_task,
    build_trainer,
    prepare_network,
    require_matching_data,
)
from zoo.run.console import rank_zero_print
from zoo.run.flops import forward_flops
from zoo.run.loss_check import require_matching_loss
from zoo.run.readable import require_readable
from zoo.run.recipe import recipe_of
from zoo.run.sharding import require_shardable
from zoo.run.split_change import describe_training
from zoo.run.trainer_options import check_callbacks, check_trainer
from zoo.run.tuning import find_batch_size, find_learning_rate
from zoo.tasks.base import Task


@dataclass(kw_only=True)
class Run:
    """A task on its data, ready to be trained or tested; `new_run` and `evaluation_run` build it."""

    config: dict[str, Any]
    run_dir: Path
    datamodule: DataModule
    task: Task
    hardware: Hardware
    extra_callbacks: list[Callback] = field(default_factory=list)
    """Those of the fine-tuning strategy and of a resumed run."""
    weights_report: list[str] = field(default_factory=list)
    """Console lines: pretrained weights that were loaded, new and left over."""

    def introduce(self) -> None:
        """Prints the model, its size and cost, the hardware with reasons, and the pretrained weights."""
        count = sum(parameter.numel() for parameter in self.task.network.parameters())
        flops = forward_flops(self.task)
        cost = "" if flops is None else f", {format_flops(flops)} a sample forward"
        card = self.task.card
        title = f"{card['model_name']} on {card['data_name']}: {count:,} parameters{cost}"
        for line in [title, *self.hardware.reasons, *self.weights_report]:
            rank_zero_print(line)

    def tune(self) -> None:
        """Finds the batch size and the learning rate if the configuration requests it, each with its own trainer."""
        if self.config["find_batch_size"]:
            found = find_batch_size(self.testing_trainer(), self.task, self.datamodule)
            self.use_batch_size(found)
            rank_zero_print(f"batch size found: {found}, the largest power of two that fits in memory and in the data")
        if self.config["find_lr"]:
            rate = find_learning_rate(self.testing_trainer(), self.task, self.datamodule)
            self.use_learning_rate(rate)
            rank_zero_print(f"learning rate found: {rate:.2e}")

    def use_batch_size(self, size: int) -> None:
        """Uses and records another batch size than the configured one."""
        self.datamodule.batch_size = size
        self.config = self.config | {"data": self.config["data"] | {"batch_size": size}}
        self.task.card["data_config"] = self.config["data"]

    def use_learning_rate(self, rate: float) -> None:
        """Uses and records another learning rate than the configured one."""
        self.config = self.config | {"optimizer": self.config["optimizer"] | {"lr": rate}}
        attach_optimizer(self.task, self.config["optimizer"], self.config["scheduler"])
        self.task.recipe = recipe_of(self.config)

    def training_trainer(self) -> Trainer:
        """The trainer with checkpoints, progress, loggers and the requested callbacks."""
        callbacks = [*build_callbacks(self.config, self.task, self.run_dir), *self.extra_callbacks]
        loggers = build_loggers(self.config, self.run_dir)
        return self._trainer(callbacks, loggers, deterministic=self.config["deterministic"])

    def testing_trainer(self) -> Trainer:
        """A trainer without checkpoints and loggers, for a test or a short search."""
        return self._trainer([], [], deterministic=False)

    def _trainer(self, callbacks: list[Callback], loggers: list[Logger], *, deterministic: bool) -> Trainer:
        trainer = build_trainer(
            self.config["trainer"],
            self.hardware,
            self.run_dir,
            callbacks=callbacks,
            loggers=loggers,
            deterministic=deterministic,
        )
        require_shardable(trainer, self.task)
        return trainer


def new_run(
    config: dict[str, Any], run_dir: Path, *, model: str, data: str, datamodule: DataModule | None = None
) -> Run:
    """A run that trains what `config` describes; `model` and `data` are the names of the chosen options.

    `datamodule` replaces the one that the configuration would build.

    Raises:
        ZooError: a user's mistake in the configuration, the data, or a file of weights.
    """
    if not 0 <= config["seed"] < 2**32:
        raise ZooError(f"`seed` (={config['seed']}) must lie in 0 … 4294967295")
    check_trainer(config["trainer"])
    check_callbacks(config["callbacks"])
    seed_everything(config["seed"], workers=True, verbose=False)
    if config["match_weights"] not in ("name", "order"):
        raise ZooError(f"`match_weights` (={config['match_weights']}) must be name or order")
    target = config["model"].get("_target_")
    weights = None
    if requested := _requested_weights(config["pretrained"], target):
        weights = resolve_weights(requested, model=config.get("published_as", model))
    if datamodule is None:
        datamodule = build_data(config["data"])
    if target:
        require_matching_data(target, datamodule, model=model, data=data)
    described = config["model"]
    if weights is not None and weights.preprocessing is not None:
        datamodule.normalize_as(weights.preprocessing)
    datamodule.setup()
    if target:  # what a table feeds depends on its target
        require_matching_data(target, datamodule, model=model, data=data)
    card = datamodule.card() | {"model_name": model, "data_name": data, "data_config": config["data"]}
    card |= describe_training(datamodule)
    metadata = datamodule.metadata()
    report: list[str] = []
    if weights is not None:
        report = describe_options(described, weights, metadata)
        described = with_sizes(described, weights, metadata)
    task = build_task(described, metadata, card)
    require_readable(task, model=model, data=data)
    require_matching_loss(task)
    attach_optimizer(task, config["optimizer"], config["scheduler"])
    task.recipe = recipe_of(config)
    if weights is not None:
        match = config["match_weights"]
        report += load_pretrained(task, weights, class_names=card.get("class_names"), match=match)
        task.pretrained_network = partial(_pretrained_network, described, metadata, weights, match)
    callbacks = apply_finetuning(config.get("finetune"), task, pretrained=weights is not None)
    hardware = _prepare_hardware(config, task)
    check_sync_batchnorm(config["trainer"], hardware, task.network)
    return Run(
        config=config,
        run_dir=run_dir,
        datamodule=datamodule,
        task=task,
        hardware=hardware,
        extra_callbacks=callbacks,
        weights_report=report,
    )


def evaluation_run(config: dict[str, Any], run_dir: Path, task: Task, datamodule: DataModule) -> Run:
    """A run that tests a loaded task on matching data."""
    if preprocessing := task.card.get("preprocessing"):
        datamodule.normalize_as(preprocessing)
    hardware = _prepare_hardware(config, task)
    return Run(config=config, run_dir=run_dir, datamodule=datamodule, task=task, hardware=hardware)


def _requested_weights(pretrained: str | None, target: str | None) -> str | None:
    """The weights of the configuration, or those that the task has by default; None for `random`."""
    if pretrained is None and target:
        pretrained = getattr(locate(target), "default_weights", None)
    return None if pretrained == "random" else pretrained


def _prepare_hardware(config: dict[str, Any], task: Task) -> Hardware:
    hardware = resolve_hardware(
        config["trainer"],
        channels_last=config["channels_last"],
        network=task.network,
        double_precision=task.double_precision,
    )
    prepare_network(task, channels_last=hardware.channels_last, compiled=config["compile"])
    return hardware


def _pretrained_network(
    config: dict[str, Any], metadata: Mapping[str, Any], weights: Source, match: Literal["name", "order"]
) -> nn.Module:
    task = build_task(config, metadata, {})
    load_pretrained(task, weights, match=match)
    return task.network
