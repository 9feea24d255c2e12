"""Resumes an interrupted run."""

import csv
import shlex
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer

from zoo.checkpoints.load import read
from zoo.config.instantiate import defaults_of, locate
from zoo.data.yaml_files import read_yaml
from zoo.errors import ZooError
from zoo.run.checkpointing import BestAndLast
from zoo.run.console import rank_zero_print
from zoo.run.metrics_table import MetricsTable
from zoo.run.recipe import TakeChanges, changes
from zoo.run.run import Run
from zoo.run.schedule_place import KeepPlace
from zoo.run.training_state import HideStepLimit, Resumed, progress_of, require_training_state
from zoo.tensor_files.explained import explained

_MAY_CHANGE = {"num_workers", "download", "root"}  # how and where data is read, not its content


def resume_from(resume: str | None, run: Run) -> Resumed | None:
    """The checkpoint to resume from; prepares the run.

    Learning rate and batch size that the resumed run has found are used again. Changed values of the optimizer, the
    schedule and the trainer are used from here on and printed. A run that was trained to its end but stopped before
    its report is resumed to test and report it.

    Raises:
        ZooError: no checkpoint, a checkpoint of another model, data or recipe, or a finished run.
    """
    if resume is None:
        return None
    path = _newest(run.run_dir) if resume == "auto" else Path(resume)
    if path.is_dir():
        path = path / "checkpoints" / "last.ckpt"
        if not path.is_file():
            raise ZooError(f"`resume` (={resume}) is a folder without checkpoints/last.ckpt: give that of a run")
    if not path.exists():
        raise ZooError(
            f"`resume` (={resume}) is no file: give a checkpoint or its run folder, or auto for the newest run of this "
            "model"
        )
    checkpoint = read(path)
    saved = checkpoint["zoo"]
    if not isinstance(saved.get("recipe"), dict) or not saved["recipe"]:
        raise ZooError(f"resume={path} was saved without the recipe of its run: give pretrained={path} in its place")
    with explained(f"resume={path} describes no run; was it edited?"):
        _use_found(run, saved)
        if saved["model"] != run.task.config:
            _check_name(path, saved["card"].get("model_name"), run.task.card.get("model_name"))
        _check_equal(path, saved["card"].get("data_config"), run.task.card["data_config"], "data")
        _check_equal(path, saved["model"], run.task.config, "model")  # after the data, whose anchors and sizes it has
        changed = changes(path, saved["recipe"], run.task.recipe)
    resumed = progress_of(checkpoint, path)
    require_training_state(checkpoint, run.task, path)
    done = resumed.epochs
    epochs = run.config["trainer"].get("max_epochs")
    finished = epochs is not None and 0 <= epochs <= done
    if finished and (path.parent.parent / "report" / "index.html").exists():  # written last
        raise ZooError(
            f"resume={path}: that run is finished, epoch {done} of {epochs}; "
            f"to train on, raise trainer.max_epochs above {done}"
        )
    run.extra_callbacks += [HideStepLimit(), KeepPlace(resumed)]
    run.datamodule.resume_at = (done, resumed.batches)
    within = f", step {resumed.steps}" if resumed.batches else ""
    how = "trained to its end: testing and reporting it" if finished else f"after epoch {done}{within}"
    rank_zero_print(f"resuming {path} {how}")
    history = [*saved["recipe"].get("changed_on_resume", [])]
    if changed:
        history.append(f"after epoch {done}: {', '.join(map(str, changed))}")
        rank_zero_print(f"changed {history[-1]}; the schedule spans the new length of training")
        run.extra_callbacks.append(TakeChanges(new_rate=any(change.key == "optimizer.lr" for change in changed)))
    if history:
        run.config = run.config | {"changed_on_resume": history}  # for the report
        run.task.recipe = run.task.recipe | {"changed_on_resume": history}
    return resumed


def take_over(resumed: Resumed, trainer: Trainer) -> None:
    """Continues the checkpoints and the table of metrics of the resumed run in the directory of this one."""
    for callback in trainer.checkpoint_callbacks:
        if isinstance(callback, BestAndLast):
            callback.resumed = resumed.path
    for logger in trainer.loggers:
        if isinstance(logger, MetricsTable) and trainer.is_global_zero:
            logger.rows.extend(_rows(resumed))
            logger.save()


def _use_found(run: Run, saved: dict[str, Any]) -> None:
    if run.config["find_batch_size"]:
        size = saved["card"]["data_config"]["batch_size"]
        run.use_batch_size(size)
        rank_zero_print(f"find_batch_size=true: the batch size of the resumed run stays, {size}")
    if run.config["find_lr"]:
        rate = saved["recipe"]["optimizer"]["lr"]
        run.use_learning_rate(rate)
        rank_zero_print(f"find_lr=true: the learning rate of the resumed run stays, {rate:g}")


def _rows(resumed: Resumed) -> list[dict[str, Any]]:
    """The rows of `metrics.csv` before the checkpoint, and the last one if the run ended before it was written."""
    table, last = resumed.path.parent.parent / "metrics.csv", resumed.row
    rows: list[dict[str, Any]] = []
    if table.is_file():
        with explained(f"{table} cannot be read; was it edited?"), table.open(newline="", encoding="utf-8") as file:
            rows = [row for row in csv.DictReader(file) if (row["step"] or "").isdigit()]
            rows = [row for row in rows if int(row["step"]) < resumed.steps]
            for value in {value for row in rows for value in row.values() if value}:
                float(value)  # else the report would fail after the training
    written = {name for row in rows if row["step"] == str(last.get("step")) for name, value in row.items() if value}
    return rows if set(last) <= written else [*rows, last]


def _newest(run_dir: Path) -> Path:
    found = _by_age(run_dir.parent.glob("*/checkpoints/last.ckpt"))
    if not found:
        others = _by_age(run_dir.parents[1].glob("*/*/checkpoints/last.ckpt"))
        advice = f"the newest run is {others[-1].parents[1]}: {_words(others[-1].parents[1])}" if others else ""
        raise ZooError(
            f"resume=auto: no checkpoints/last.ckpt below {run_dir.parent}; {advice or 'start without resume'}"
        )
    return found[-1]


def _by_age(files: Iterable[Path]) -> list[Path]:
    return sorted(files, key=lambda path: (path.stat().st_mtime, path))  # a resumed run starts with a hard link


def _words(folder: Path) -> str:
    """The words that resume a run: those that it was started with, and `resume=auto`."""
    try:
        words = read_yaml(folder / ".hydra" / "overrides.yaml")
    except ZooError:
        words = None
    if not isinstance(words, list):
        return "repeat its words"
    return f"type {shlex.join([*(str(word) for word in words if not str(word).startswith('resume=')), 'resume=auto'])}"


def _check_name(path: Path, theirs: Any, ours: Any) -> None:
    if theirs is not None and ours is not None and theirs != ours:
        raise ZooError(
            f"resume={path}: a checkpoint of another model, {theirs}: model={theirs} resumes it; here it is {ours}"
        )


def _check_equal(path: Path, theirs: Any, ours: Any, where: str) -> None:
    """Checks that two configurations agree: another split would test on training samples."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        theirs, ours = _with_defaults(theirs, ours), _with_defaults(ours, ours)
        for key in sorted({*theirs, *ours} - _MAY_CHANGE):
            _check_equal(path, theirs.get(key), ours.get(key), f"{where}.{key}")
    elif theirs != ours:
        raise ZooError(
            f"resume={path}: a checkpoint of another {where.partition('.')[0]}; "
            f"its `{where}` is {_short(theirs)}, here it is {_short(ours)}"
        )


def _with_defaults(part: dict[str, Any], ours: dict[str, Any]) -> dict[str, Any]:
    """The arguments of a class with the defaults of those left out, of the class that is built here."""
    if not isinstance(ours.get("_target_"), str):
        return part
    return defaults_of(locate(ours["_target_"])) | part


def _short(value: Any) -> Any:
    return value["_target_"] if isinstance(value, dict) and "_target_" in value else value
