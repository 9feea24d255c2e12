"""Resumes an interrupted run."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning.utilities.rank_zero import rank_zero_only

from zoo.checkpoints.load import read
from zoo.errors import ZooError
from zoo.run.console import rank_zero_print
from zoo.run.recipe import TakeChanges, changes
from zoo.run.run import Run

_BEFORE = "metrics_before.csv"
_MAY_CHANGE = {"num_workers", "download", "root"}  # how and where data is read, not its content


def resume_from(resume: str | None, run: Run) -> Path | None:
    """The checkpoint to resume from; prepares the run and copies the metrics of the resumed one to its directory.

    Learning rate and batch size that the resumed run has found are used again. Changed values of the optimizer, the
    schedule and the trainer are used from here on and printed.

    Raises:
        ZooError: no checkpoint, a checkpoint of another model, data or recipe, or a finished run.
    """
    if resume is None:
        return None
    path = _newest(run.run_dir) if resume == "auto" else Path(resume)
    if not path.exists():
        raise ZooError(f"`resume` (={resume}) is no file: give a checkpoint, or auto for the newest run of this model")
    checkpoint = read(path)
    saved = checkpoint["zoo"]
    if not saved.get("recipe"):
        raise ZooError(f"resume={path} was saved without the recipe of its run: give pretrained={path} in its place")
    _use_found(run, saved)
    _check_equal(path, saved["model"], run.task.config, "model")
    _check_equal(path, saved["card"]["data_config"], run.task.card["data_config"], "data")
    changed = changes(path, saved["recipe"], run.task.recipe)
    done = checkpoint["epoch"] + 1  # checkpoints are written at the end of an epoch
    epochs = run.config["trainer"].get("max_epochs")
    if epochs is not None and 0 <= epochs <= done:
        raise ZooError(
            f"resume={path}: that run is finished, epoch {done} of {epochs}; "
            f"to train on, raise trainer.max_epochs above {done}"
        )
    _copy_metrics(path.parent.parent, run.run_dir)
    rank_zero_print(f"resuming {path} after epoch {done}")
    history = [*saved["recipe"].get("changed_on_resume", [])]
    if changed:
        history.append(f"after epoch {done}: {', '.join(map(str, changed))}")
        rank_zero_print(f"changed {history[-1]}; the schedule spans the new number of steps")
        run.extra_callbacks.append(TakeChanges(new_rate=any(change.key == "optimizer.lr" for change in changed)))
    if history:
        run.config = run.config | {"changed_on_resume": history}  # for the report
        run.task.recipe = run.task.recipe | {"changed_on_resume": history}
    return path


def _use_found(run: Run, saved: dict[str, Any]) -> None:
    if run.config["find_batch_size"]:
        run.use_batch_size(saved["card"]["data_config"]["batch_size"])
    if run.config["find_lr"]:
        run.use_learning_rate(saved["recipe"]["optimizer"]["lr"])


@rank_zero_only
def _copy_metrics(resumed: Path, run_dir: Path) -> None:
    _write(run_dir / _BEFORE, _rows(resumed))


def join_curve(run_dir: Path) -> None:
    """Prepends the metrics of the resumed runs to `metrics.csv`."""
    if (run_dir / _BEFORE).is_file():
        _write(run_dir / "metrics.csv", _rows(run_dir))
        (run_dir / _BEFORE).unlink()


def _rows(run: Path) -> list[dict[str, str]]:
    files = [run / name for name in (_BEFORE, "metrics.csv") if (run / name).is_file()]
    return [row for file in files for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines())]


def _write(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)


def _newest(run_dir: Path) -> Path:
    siblings = run_dir.parent.glob("*/checkpoints/last.ckpt")
    found = sorted(siblings, key=lambda path: path.stat().st_mtime)
    if not found:
        raise ZooError(f"resume=auto: no checkpoints/last.ckpt below {run_dir.parent}; start without resume")
    return found[-1]


def _check_equal(path: Path, theirs: Any, ours: Any, where: str) -> None:
    """Checks that two configurations agree: another split would test on training samples."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in sorted({*theirs, *ours} - _MAY_CHANGE):
            _check_equal(path, theirs.get(key), ours.get(key), f"{where}.{key}")
    elif theirs != ours:
        raise ZooError(
            f"resume={path}: a checkpoint of another {where.partition('.')[0]}; "
            f"its `{where}` is {_short(theirs)}, here it is {_short(ours)}"
        )


def _short(value: Any) -> Any:
    return value["_target_"] if isinstance(value, dict) and "_target_" in value else value
