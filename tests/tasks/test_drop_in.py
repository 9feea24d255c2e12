"""A task in a package of the user's: generic code needs nothing but the class, and finds what stands beside it."""

import csv
import json
import sys
from pathlib import Path

import pytest
import torch

import zoo

NETWORK = '''
"""A dot product of two embeddings."""

import torch
from torch import Tensor, nn


class Factors(nn.Module):
    """Rating of a user [B] for an item [B]."""

    def __init__(self, *, users: int, items: int, width: int = 4) -> None:
        super().__init__()
        self.users = nn.Embedding(users, width)
        self.items = nn.Embedding(items, width)

    def forward(self, users: Tensor, items: Tensor) -> Tensor:
        return (self.users(users) * self.items(items)).sum(1)
'''
DATA = '''
"""Ratings of rank 1, made from a seed."""

from typing import Any

import torch
from torch import Tensor

from zoo.data.base import DataModule


class Table:
    in_memory = True

    def __init__(self, rows: Tensor) -> None:
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, indices: Tensor) -> dict[str, Tensor]:
        users, items, ratings = self.rows[indices].unbind(1)
        return {"user": users.long(), "item": items.long(), "rating": ratings}


class ToyRatings(DataModule):
    feeds = frozenset({"rating"})

    def load(self) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(0)
        users, items = torch.rand(12, generator=generator), torch.rand(9, generator=generator)
        pairs = torch.cartesian_prod(torch.arange(12), torch.arange(9))[torch.randperm(108, generator=generator)]
        rows = torch.cat([pairs, (users[pairs[:, 0]] * items[pairs[:, 1]])[:, None]], 1)
        return {"train": Table(rows[:80]), "val": Table(rows[80:94]), "test": Table(rows[94:])}

    def metadata(self) -> dict[str, Any]:
        return {"users": 12, "items": 9}
'''
TASK = '''
"""Regression on (user, item) pairs."""

from typing import Any

from torch import Tensor, nn
from torchmetrics import MeanSquaredError, MetricCollection

from zoo.tasks.base import Task
from zoo.tasks.stages import Stage


class Rating(Task):
    """Ratings of `{user [B], item [B], rating [B]}`."""

    kind = "rating"
    monitor = "val/rmse"
    monitor_mode = "min"

    def __init__(self, *, network: nn.Module, loss: nn.Module) -> None:
        rmse = MetricCollection({"rmse": MeanSquaredError(squared=False)})
        super().__init__(network=network, loss=loss, metrics=rmse)

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        return (batch["user"], batch["item"])

    def step(self, batch: Any, stage: Stage) -> Tensor:
        predicted = self.forward_network(*self.network_inputs(batch))
        if stage != "train":
            self.metrics[stage]["rmse"].update(predicted.float(), batch["rating"])
        return self.loss(predicted, batch["rating"])
'''
PREDICT = '''
"""The best items of each user in a file."""

from pathlib import Path
from typing import NamedTuple

import torch


class Best(NamedTuple):
    user: int
    items: list[int]


def predict(task, source: Path, folder: Path | None = None, *, top: int = 3) -> list[Best]:
    results = []
    for user in map(int, source.read_text().split()):
        scores = task.network(torch.full((9,), user), torch.arange(9))
        results.append(Best(user, scores.topk(top).indices.tolist()))
    if folder is not None:
        (folder / "predictions.csv").write_text("".join(f"{best.user},{best.items[0]}\\n" for best in results))
    return results
'''
MODEL = """# @package _global_
# A toy recommender.
defaults:
  - override /data: toy_ratings

model:
  _target_: toys.rating.task.Rating
  network: {_target_: toys.rating.network.Factors}
  loss: {_target_: torch.nn.MSELoss}
"""
DATA_OPTION = """_target_: toys.rating.data.ToyRatings
batch_size: 16
num_workers: 0
seed: 0
"""
CONFIGS = ["--config-dir", "configs"]
TRUST = "trust=[toys]"


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package with one task, and the configurations of its model and data."""
    package = tmp_path / "toys" / "rating"
    package.mkdir(parents=True)
    for name, text in {"network": NETWORK, "data": DATA, "task": TASK}.items():
        (package / f"{name}.py").write_text(text)
    for folder in (package.parent, package):
        (folder / "__init__.py").touch()
    for group, name, text in (("model", "toy", MODEL), ("data", "toy_ratings", DATA_OPTION)):
        (tmp_path / "configs" / group).mkdir(parents=True)
        (tmp_path / "configs" / group / f"{name}.yaml").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield package
    for name in [name for name in sys.modules if name.partition(".")[0] == "toys"]:
        del sys.modules[name]


def test_a_task_without_report_baselines_or_predict(command, toys, tmp_path):
    trained = command("train", *CONFIGS, "model=toy", "trainer.max_epochs=100", "trainer=cpu", "optimizer.lr=0.05")
    assert trained.code == 0, trained.err
    results = json.loads((trained.run / "metrics.json").read_text())
    assert (results["model"], results["data"], results["baselines"]) == ("toy", "toy_ratings", {})
    assert 0 < results["test"]["rmse"] < 0.4
    assert results["parameters"] == (12 + 9) * 4
    page = (trained.run / "report" / "index.html").read_text()
    assert "rmse" in page
    assert list((trained.run / "report").glob("*.png"))

    checkpoint = trained.run / "checkpoints" / "best.ckpt"
    evaluated = command("evaluate", *CONFIGS, f"checkpoint={checkpoint}", TRUST, "runs=evaluated")
    assert evaluated.code == 0, evaluated.err
    again = json.loads(next((tmp_path / "evaluated").rglob("metrics.json")).read_text())
    assert again["test"]["rmse"] == pytest.approx(results["test"]["rmse"], abs=1e-6)

    saved = torch.load(checkpoint, weights_only=True)["state_dict"]
    model = zoo.load(checkpoint, trust=["toys"])
    assert model.kind == "rating"
    assert all(torch.equal(value, saved[name]) for name, value in model.state_dict().items())

    (tmp_path / "users.txt").write_text("0 5")
    refused = command("predict", f"checkpoint={checkpoint}", "source=users.txt", TRUST)
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)
    assert "a rating model has no prediction on files" in refused.err
    refused = command("export", f"checkpoint={checkpoint}", TRUST)
    assert (refused.code, len(refused.err.splitlines())) == (2, 1)


def test_resuming_continues_as_if_there_had_been_no_stop(command, toys, tmp_path):
    words = [*CONFIGS, "model=toy", "trainer=cpu", "scheduler=constant"]
    assert command("train", *words, "trainer.max_epochs=4", "hydra.run.dir=straight").code == 0
    assert command("train", *words, "trainer.max_epochs=2", "hydra.run.dir=first").code == 0
    last = "resume=first/checkpoints/last.ckpt"
    ended = command("train", *words, "trainer.max_epochs=4", last, "hydra.run.dir=second")
    assert ended.code == 0, ended.err
    weights = [
        torch.load(tmp_path / run / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for run in ("straight", "second")
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    with (tmp_path / "second" / "metrics.csv").open() as file:
        epochs = {row["epoch"] for row in csv.DictReader(file)}
    assert {"0", "1", "2", "3"} <= epochs


def test_predict_baselines_and_report_are_found_beside_the_class(command, toys, tmp_path):
    (toys / "predict.py").write_text(PREDICT)
    (toys / "baselines.py").write_text('def baselines(datamodule, task):\n    return {"mean": {"rmse": 9.0}}\n')
    (toys / "report.py").write_text(
        "from zoo.reports.page import Section\n\n\n"
        "def sections(task, datamodule, folder, results):\n"
        '    yield Section("Factors", f"{task.network.users.embedding_dim} of each user")\n'
    )
    trained = command("train", *CONFIGS, "model=toy", "trainer.max_epochs=1", "trainer=cpu")
    assert trained.code == 0, trained.err
    assert json.loads((trained.run / "metrics.json").read_text())["baselines"] == {"mean": {"rmse": 9.0}}
    assert "4 of each user" in (trained.run / "report" / "index.html").read_text()

    checkpoint = f"checkpoint={trained.run}/checkpoints/best.ckpt"
    (tmp_path / "users.txt").write_text("0 5")
    predicted = command("predict", checkpoint, "source=users.txt", "top=2", TRUST, "hydra.run.dir=out")
    assert predicted.code == 0, predicted.err
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 2
    for word, line in {
        "top=two": "`top` (=two) must be a whole number",
        "most=2": "`most` means nothing to a rating model; it takes: top",
    }.items():
        refused = command("predict", checkpoint, "source=users.txt", word, TRUST)
        assert refused.err == f"zoo-predict: {line}\n"


def test_keys_of_a_folder_of_ones_own_are_known(command, toys):
    refused = command("train", *CONFIGS, "model=toy", "data.batchsize=8")
    assert refused.err.startswith("zoo-train: unknown key `data.batchsize`: did you mean `data.batch_size`? ")


def test_data_for_another_task_is_refused(command, toys):
    refused = command("train", *CONFIGS, "model=lenet5", "data=toy_ratings", "trainer=cpu")
    assert refused.code == 2
    assert refused.err.startswith("zoo-train: model=lenet5 does classification, and data=toy_ratings is for rating: ")
