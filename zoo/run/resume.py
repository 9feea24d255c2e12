"""Resumes an interrupted run."""

import csv
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer

from zoo.checkpoints.load import read
from zoo.errors import ZooError
from zoo.run.console import rank_zero_print
from zoo.tasks.base import Task

_BEFORE = "metrics_before.csv"
_MAY_CHANGE = {"num_workers", "download", "root"}  # how and where data is read, not its content


def resume_from(resume: str | None, run_dir: Path, task: Task, trainer: Trainer) -> Path | None:
    """The checkpoint to resume from; copies the metrics of its run to the new run directory.

    Raises:
        ZooError: no checkpoint, a checkpoint of another model or other data, or a finished run.
    """
    if resume is None:
        return None
    path = _newest(run_dir) if resume == "auto" else Path(resume)
    if not path.exists():
        raise ZooError(f"`resume` (={resume}) is no file: give a checkpoint, or auto for the newest run of this model")
    checkpoint = read(path)
    saved = checkpoint["zoo"]
    _check_equal(path, saved["model"], task.config, "model")
    _check_equal(path, saved["card"]["data"], task.card["data"], "data")
    done = checkpoint["epoch"] + 1  # checkpoints are written at the end of an epoch
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs <= done:
        raise ZooError(
            f"resume={path}: that run is finished, epoch {done} of {trainer.max_epochs}; "
            f"to train on, raise trainer.max_epochs above {done}"
        )
    if trainer.is_global_zero:
        _write(run_dir / _BEFORE, _rows(path.parent.parent))
    rank_zero_print(f"resuming {path} after epoch {done}")
    return path


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
