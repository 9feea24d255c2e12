"""Sweeps by Hydra's plugins: the value that `train` returns, and the table at the end."""

import csv

import pytest
from bad_input import QUICK

pytestmark = pytest.mark.slow
SMALL = [*QUICK, "+trainer.limit_train_batches=2", "+trainer.limit_val_batches=2", "+trainer.limit_test_batches=2"]


def test_optuna_maximizes_the_value_of_the_validation_split(command):
    pytest.importorskip("hydra_plugins.hydra_optuna_sweeper")
    words = [f"hydra.sweeper.{word}" for word in ("direction=maximize", "n_trials=2", "n_jobs=1")]
    rates = "optimizer.lr=tag(log,interval(1e-4,1e-1))"
    ended = command("train", "-m", "hydra/sweeper=optuna", *words, rates, *SMALL)
    assert ended.code == 0, ended.err
    (table,) = ended.folder.glob("runs/sweeps/*/sweep.csv")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert len({row["optimizer.lr"] for row in rows}) == 2
    best = max(float(row["val/accuracy"]) for row in rows)
    found = (table.parent / "optimization_results.yaml").read_text()
    assert f"best_value: {best}" in found


def test_parallel_processes_share_a_table(command):
    pytest.importorskip("hydra_plugins.hydra_joblib_launcher")
    ended = command("train", "-m", "hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "seed=0,1", *SMALL)
    assert ended.code == 0, ended.err
    (table,) = ended.folder.glob("runs/sweeps/*/sweep.csv")
    assert [row["seed"] for row in csv.DictReader(table.read_text().splitlines())] == ["0", "1"]
