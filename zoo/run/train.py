"""Trains, tests and reports one run."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pytorch_lightning import Trainer
from pytorch_lightning.utilities.exceptions import MisconfigurationException
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from pytorch_lightning.utilities.seed import isolate_rng

from zoo.data.base import DataModule
from zoo.distribution import run_command
from zoo.errors import ZooError
from zoo.run.callbacks import Interruption
from zoo.run.checkpointing import monitored
from zoo.run.console import quiet_lightning, rank_zero_print
from zoo.run.device import explain_full_memory, explain_missing_determinism
from zoo.run.only_run import only_run_in
from zoo.run.refused_options import raised_by_lightning, raised_in_optimizer, refused_step
from zoo.run.results import test, write_results
from zoo.run.resume import resume_from, take_over
from zoo.run.run import Run, new_run
from zoo.run.sharding import unshard
from zoo.tasks.base import Task
from zoo.tensor_files.explained import explained


def train(
    config: dict[str, Any], run_dir: Path, *, model: str, data: str, words: Sequence[str] | None = None
) -> float | None:
    """Trains, tests and reports a configuration; `model` and `data` are the names of the chosen options.

    With `words`, those of the command line, both are recorded in `.hydra` of the run directory.

    Returns:
        The best value of the task's `monitor` in validation; None if nothing was validated.

    Raises:
        ZooError: a user's mistake in the configuration, the data, or a file.
    """
    quiet_lightning()
    if config["trainer"]["max_epochs"] == 0:
        raise ZooError(
            f"`trainer.max_epochs` (=0) must be at least 1; {run_command('evaluate')} tests without training"
        )
    with only_run_in(run_dir, resumes=config["resume"] is not None):
        if words is not None:
            _record(run_dir, config, words)
        return _train(config, run_dir, model=model, data=data)


@rank_zero_only
def _record(run_dir: Path, config: dict[str, Any], words: Sequence[str]) -> None:
    """Writes the configuration as Hydra does, which would do it before the folder is known to be free."""
    folder = run_dir / ".hydra"
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in (("config", config), ("overrides", list(words))):
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


def _train(config: dict[str, Any], run_dir: Path, *, model: str, data: str) -> float | None:
    try:
        run = new_run(config, run_dir, model=model, data=data)
        resumed = resume_from(config["resume"], run)
        trainer = run.training_trainer()  # before the introduction: it refuses wrong options
        run.task.solve(run.datamodule)  # before the introduction, which counts parameters
        run.introduce()
        if resumed is None:
            run.tune()
            _calibrate_on_folds(run)
        else:
            take_over(resumed, trainer)
        fit(trainer, run.task, run.datamodule, resumed.path if resumed else None)
        found = monitored(trainer, run.task)
        _test_and_report(run, trainer)
        return None if found is None else found.value
    except MisconfigurationException as error:
        raise ZooError(str(error)) from error


def fit(trainer: Trainer, task: Task, datamodule: DataModule, checkpoint: Path | None) -> None:
    """Trains the task; without trainable parameters, only validates and saves it."""
    if any(parameter.requires_grad for parameter in task.parameters()):
        option = datamodule.memory_option
        with explain_full_memory(f"data.{option}", getattr(datamodule, option)), explain_missing_determinism():
            _fit(trainer, task, datamodule, checkpoint)
        return
    trainer.validate(task, datamodule=datamodule, verbose=False)
    if not trainer.fast_dev_run:  # type: ignore[attr-defined]
        trainer.save_checkpoint(Path(trainer.default_root_dir) / "checkpoints" / "best.ckpt")


def _fit(trainer: Trainer, task: Task, datamodule: DataModule, checkpoint: Path | None) -> None:
    """Trains; an error of an option, or of restoring a checkpoint, is explained.

    Options of the trainer and of callbacks that Lightning refuses while it trains, and of an optimizer in its first
    step.
    """
    try:
        trainer.fit(task, datamodule=datamodule, ckpt_path=checkpoint, weights_only=True)
    except Exception as error:
        if raised_by_lightning(error):
            raise ZooError(f"trainer: {error}") from error
        interruption = next(each for each in trainer.callbacks if isinstance(each, Interruption))  # type: ignore[attr-defined]
        if interruption.stepped:
            raise
        if raised_in_optimizer(error, task):
            raise ZooError(refused_step(error, task)) from error
        if checkpoint is None:
            raise
        with explained(f"resume={checkpoint}: the state of its training cannot be restored; was it edited?"):
            raise error


def _calibrate_on_folds(run: Run) -> None:
    """Trains the task on each fold that it requests, and passes it the trained tasks, validated on their fold."""
    folds = run.task.calibration_folds
    if not folds or run.config["trainer"].get("fast_dev_run"):
        return
    with isolate_rng(), tempfile.TemporaryDirectory(dir=run.run_dir) as folder:
        run.task.calibrate(
            [_trained_on_fold(run, number, folds, Path(folder) / str(number)) for number in range(folds)]
        )


def _trained_on_fold(run: Run, number: int, folds: int, folder: Path) -> Task:
    rank_zero_print(f"fold {number + 1} of {folds}, for the calibration")
    data, card = run.datamodule.fold(number, folds), run.task.card
    fold = new_run(run.config, folder, model=card["model_name"], data=card["data_name"], datamodule=data)
    trainer = fold.training_trainer()
    if trainer.world_size > 1:
        raise ZooError("folds for the calibration are trained on one device: give trainer.devices=1")
    fit(trainer, fold.task, data, None)
    best = folder / "checkpoints" / "best.ckpt"
    trainer.validate(fold.task, datamodule=data, ckpt_path=best, weights_only=True, verbose=False)
    return fold.task


def _test_and_report(run: Run, trainer: Trainer) -> None:
    run_dir = trainer.strategy.broadcast(run.run_dir)  # torchrun's processes have different ones
    best = run_dir / "checkpoints" / "best.ckpt"
    if trainer.fast_dev_run:  # type: ignore[attr-defined]
        trainer.test(run.task, datamodule=run.datamodule, verbose=False)
        rank_zero_print("one batch of each stage ran through; nothing was saved")
        return
    if (found := monitored(trainer, run.task)) is not None and found.epoch is not None:
        rank_zero_print(f"best epoch: {found.epoch} of {trainer.current_epoch}, {found.name} {found.value:.4f}")
    metrics = test(trainer, run.task, run.datamodule, best)
    unshard(run.task)
    if trainer.is_global_zero:
        write_results(run.config, trainer, run.task, run.datamodule, run_dir, metrics)
