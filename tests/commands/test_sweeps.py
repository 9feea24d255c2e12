"""Sweeps by Hydra's plugins: the value that `train` returns, and the table at the end."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from bad_input import QUICK

TRAIN = Path(__file__).parents[2] / "train.py"
pytestmark = pytest.mark.slow
SMALL = [*QUICK, "+trainer.limit_train_batches=2", "+trainer.limit_val_batches=2", "+trainer.limit_test_batches=2"]


def swept(folder: Path, *words: str) -> Path:
    """Returns the table of a sweep, run in a separate process because the plugins pickle its main module."""
    ended = subprocess.run([sys.executable, TRAIN, "-m", *words, *SMALL], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (table,) = folder.glob("runs/sweeps/*/sweep.csv")
    return table


def test_optuna_maximizes_the_value_of_the_validation_split(tmp_path):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    words = [f"hydra.sweeper.{word}" for word in ("direction=maximize", "n_trials=2", "n_jobs=1")]
    rates = "optimizer.lr=tag(log,interval(1e-4,1e-1))"
    table = swept(tmp_path, "hydra/sweeper=optuna", *words, rates)
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len({row["optimizer.lr"] for row in rows}) == 2
    best = max(float(row["val/accuracy"]) for row in rows)
    found = (table.parent / "optimization_results.yaml").read_text()
    assert f"best_value: {best}" in found


@pytest.mark.parametrize(
    ("plugin", "words"),
    [("joblib", ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2"]), ("submitit", ["hydra/launcher=submitit_local"])],
)
def test_parallel_processes_share_a_table(tmp_path, plugin, words):
    pytest.importorskip(f"hydra_plugins.hydra_{plugin}_launcher")
    table = swept(tmp_path, *words, "seed=0,1")
    assert [row["seed"] for row in csv.DictReader(table.read_text().splitlines())] == ["0", "1"]
