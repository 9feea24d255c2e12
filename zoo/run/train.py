"""One run: data, task and trainer from a configuration; fit, test, metrics.json and report."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer, seed_everything
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from torch import nn

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.hardware import Hardware, choose, refuse_synchronised_norms_on_cpu
from zoo.pretrained.catalogue import Source, find
from zoo.pretrained.finetune import prepare
from zoo.pretrained.transfer import load_pretrained, normalize_as
from zoo.reports.units import format_flops
from zoo.run.build import (
    attach_optimizer,
    build_callbacks,
    build_data,
    build_loggers,
    build_task,
    build_trainer,
    prepare_network,
    require_data_for,
)
from zoo.run.console import quiet_lightning, say
from zoo.run.flops import forward_flops
from zoo.run.results import measure, write_results
from zoo.run.resume import join_curve, resume_from
from zoo.run.sharding import require_divisible, whole
from zoo.run.tuning import find_batch_size, find_learning_rate
from zoo.tasks.base import Task


def train(config: dict[str, Any], run_dir: Path, *, model: str, data: str) -> None:
    """Trains, tests and reports as `config` says; `model` and `data` are the names that were chosen.

    Raises:
        ZooError: a user's mistake in the configuration, the data, or a file.
    """
    quiet_lightning()
    try:
        _train(config, run_dir, model, data)
    except MisconfigurationException as error:
        raise ZooError(str(error)) from error


def _train(config: dict[str, Any], run_dir: Path, model: str, data: str) -> None:
    if not 0 <= config["seed"] < 2**32:
        raise ZooError(f"`seed` (={config['seed']}) must lie in 0 … 4294967295")
    if config["trainer"]["max_epochs"] == 0:
        raise ZooError("`trainer.max_epochs` (=0) must be at least 1; scripts/evaluate.py tests without training")
    seed_everything(config["seed"], workers=True, verbose=False)
    weights = find(config["pretrained"], model=model) if config["pretrained"] else None
    datamodule = build_data(config["data"])
    if target := config["model"].get("_target_"):
        require_data_for(target, datamodule, model=model, data=data)
    datamodule.setup()
    if weights is not None:
        normalize_as(datamodule, weights.preprocessing)
    card = datamodule.card() | {"model": model, "data": config["data"], "data_name": data}
    task = build_task(config["model"], datamodule.metadata(), card)
    attach_optimizer(task, config["optimizer"], config["scheduler"])
    told = load_pretrained(task, weights, model=model, class_names=card.get("class_names")) if weights else []
    if weights is not None:
        task.pretrained_network = partial(_pretrained_network, config["model"], datamodule.metadata(), weights, model)
    finetuning = prepare(config.get("finetune"), task, pretrained=weights is not None)
    hardware = choose(config["trainer"], channels_last=config["channels_last"], network=task.network)
    refuse_synchronised_norms_on_cpu(config["trainer"], hardware, task.network)
    for line in [*introduction(task, model, data, hardware.reasons), *told]:
        say(line)
    prepare_network(task, channels_last=hardware.channels_last, compiled=config["compile"])
    _tune(config, hardware, run_dir, task, datamodule)
    trainer = build_trainer(
        config["trainer"],
        hardware,
        run_dir,
        callbacks=[*build_callbacks(config, task, run_dir), *finetuning],
        loggers=build_loggers(config, run_dir),
        deterministic=config["deterministic"],
    )
    require_divisible(trainer, task)
    checkpoint = resume_from(config["resume"], run_dir, task, trainer)
    fit(trainer, task, datamodule, checkpoint)
    _test_and_report(config, trainer, task, datamodule, run_dir)


def _pretrained_network(config: dict[str, Any], facts: Mapping[str, Any], weights: Source, model: str) -> nn.Module:
    task = build_task(config, facts, {})
    load_pretrained(task, weights, model=model)
    return task.network


def _tune(config: dict[str, Any], hardware: Hardware, run_dir: Path, task: Task, datamodule: DataModule) -> None:
    """Finds what `find_batch_size` and `find_lr` ask for, with a trainer of its own."""

    def trainer() -> Trainer:
        return build_trainer(config["trainer"], hardware, run_dir, callbacks=[], loggers=[], deterministic=False)

    if config["find_batch_size"]:
        say(f"batch size found: {find_batch_size(trainer(), task, datamodule)}")
    if config["find_lr"]:
        rate = find_learning_rate(trainer(), task, datamodule)
        attach_optimizer(task, config["optimizer"] | {"lr": rate}, config["scheduler"])
        say(f"learning rate found: {rate:.2e}")


def fit(trainer: Trainer, task: Task, datamodule: DataModule, checkpoint: Path | None) -> None:
    """Trains a network that has something to learn; one that has not is only validated and saved."""
    if any(parameter.requires_grad for parameter in task.parameters()):
        try:
            trainer.fit(task, datamodule=datamodule, ckpt_path=checkpoint, weights_only=True)
        except SystemExit as end:  # Lightning ends the process itself when it is interrupted
            raise KeyboardInterrupt from end
        return
    trainer.validate(task, datamodule=datamodule, verbose=False)
    if not trainer.fast_dev_run:  # type: ignore[attr-defined]
        trainer.save_checkpoint(Path(trainer.default_root_dir) / "checkpoints" / "best.ckpt")


def _test_and_report(
    config: dict[str, Any], trainer: Trainer, task: Task, datamodule: DataModule, run_dir: Path
) -> None:
    run_dir = trainer.strategy.broadcast(run_dir)  # processes that torchrun starts have each their own
    best = run_dir / "checkpoints" / "best.ckpt"
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        trainer.test(task, datamodule=datamodule, verbose=False)
        say("one batch of each stage ran through; nothing was saved")
        return
    test = measure(trainer, task, datamodule, best)
    whole(task)
    if trainer.is_global_zero:
        join_curve(run_dir)
        write_results(config, trainer, task, datamodule, run_dir, test)


def introduction(task: Task, model: str, data: str, reasons: list[str]) -> list[str]:
    """What is printed before the first epoch."""
    count = sum(parameter.numel() for parameter in task.network.parameters())
    flops = forward_flops(task)
    work = "" if flops is None else f", {format_flops(flops)} a sample forward"
    return [f"{model} on {data}: {count:,} parameters{work}", *reasons]
