"""Going on where an earlier run stopped."""

import csv
import shutil
from pathlib import Path
from typing import Any

from pytorch_lightning import Trainer

from zoo.checkpoint import read
from zoo.errors import ZooError
from zoo.tasks.base import Task

_BEFORE = "metrics_before.csv"


def resume_from(asked: str | None, run_dir: Path, task: Task, trainer: Trainer) -> Path | None:
    """The checkpoint that training goes on from; the curve of its run is copied to the new run directory.

    Raises:
        ZooError: nothing to resume, a checkpoint of another model, or a run that is finished.
    """
    if asked is None:
        return None
    path = _newest(run_dir) if asked == "auto" else Path(asked)
    checkpoint = read(path)
    _refuse_other_model(path, checkpoint["zoo"]["model"], task.config)
    done = checkpoint["epoch"] + 1  # checkpoints are written when an epoch is over
    if trainer.max_epochs is not None and 0 <= trainer.max_epochs <= done:
        raise ZooError(
            f"resume={path}: that run is finished, epoch {done} of {trainer.max_epochs}; "
            f"to train on, raise trainer.max_epochs above {done}"
        )
    curve = path.parent.parent / "metrics.csv"
    if curve.is_file():
        shutil.copy(curve, run_dir / _BEFORE)
    print(f"resuming {path} after epoch {done}")
    return path


def join_curve(run_dir: Path) -> None:
    """Puts the rows of the run that was resumed before those of this one, in one `metrics.csv`."""
    before, after = run_dir / _BEFORE, run_dir / "metrics.csv"
    if not before.is_file():
        return
    rows = [row for path in (before, after) for row in csv.DictReader(path.read_text().splitlines())]
    names = list(dict.fromkeys(name for row in rows for name in row))
    with after.open("w", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    before.unlink()


def _newest(run_dir: Path) -> Path:
    siblings = run_dir.parent.glob("*/checkpoints/last.ckpt")
    found = sorted(siblings, key=lambda path: path.stat().st_mtime)
    if not found:
        raise ZooError(f"resume=auto: no checkpoints/last.ckpt below {run_dir.parent}; start without resume")
    return found[-1]


def _refuse_other_model(path: Path, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    if theirs == ours:
        return
    different = sorted(key for key in {*theirs, *ours} if theirs.get(key) != ours.get(key))
    raise ZooError(
        f"resume={path}: a checkpoint of another model; its `model.{different[0]}` is {theirs.get(different[0])}, "
        f"here it is {ours.get(different[0])}"
    )
