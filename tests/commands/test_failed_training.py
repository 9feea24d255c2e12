"""Training that fails: a loss of NaN, a run directory that cannot be written."""

import errno
import os
import re
from pathlib import Path

import pytest
import torch
from bad_input import QUICK
from filelock import FileLock


def test_a_loss_that_becomes_nan(command):
    ended = command("train", "optimizer.lr=1e12", *QUICK)
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert line.startswith("zoo-train: the training loss became nan in epoch 1, step ")
    assert line.endswith(
        "try a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
    )


def test_a_run_folder_that_cannot_be_made(refused, tmp_path):
    (tmp_path / "file").write_text("no folder")
    line = refused("runs=file/runs", *QUICK)
    assert line.startswith("cannot write to file/runs/")
    assert line.endswith(": Not a directory; what was written stays; runs=FOLDER puts runs elsewhere")


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
def test_a_disk_that_is_full_or_closed(refused, monkeypatch, code):
    def failing(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(torch, "save", failing)
    line = refused(*QUICK)
    assert line.startswith("cannot write to the run folder: ")
    assert line.endswith(f": {os.strerror(code)}; what was written stays; runs=FOLDER puts runs elsewhere")


def test_a_loss_that_explodes(command):
    ended = command("train", "model=gru_small", "data=waves", "data.samples=1280", "optimizer.lr=1e12", *QUICK)
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert re.match(r"zoo-train: the training loss exploded from [\d.]+ to \S+e\+\d+ in epoch 1, step ", line), line


def test_a_run_folder_where_none_can_be(refused):
    assert refused("runs=/proc/x", *QUICK).startswith("cannot write to /proc/x")


def test_two_runs_in_one_folder(refused, tmp_path):
    (tmp_path / "run").mkdir()
    with FileLock(tmp_path / "run" / ".lock"):
        line = refused("hydra.run.dir=run", *QUICK)
    assert line.startswith("another run writes to ")


def test_a_worker_that_dies(refused, monkeypatch):
    from zoo.run import train

    def dying(*_):
        raise RuntimeError("DataLoader worker (pid(s) 7) is killed by signal: Killed. ")

    monkeypatch.setattr(train, "fit", dying)
    assert refused(*QUICK).startswith(
        "a process that reads data ended (Killed), often for lack of memory: try data.num"
    )


def test_a_new_run_does_not_replace_the_checkpoints_of_another(command, refused):
    assert command("train", *QUICK, "hydra.run.dir=runs/a/1").code == 0
    recorded = Path("runs/a/1/.hydra/overrides.yaml").read_text()
    line = refused("hydra.run.dir=runs/a/1", *QUICK, "seed=3")
    assert "runs/a/1 has the checkpoints of another run, which this one would replace: give another hydra.run" in line
    assert Path("runs/a/1/.hydra/overrides.yaml").read_text() == recorded != ""
