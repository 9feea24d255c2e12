"""Weights in half or double precision with images in single precision; targets keep their dtype."""

import json
from pathlib import Path

import pytest
import torch
from torchmetrics import Metric

from zoo.config.compose import compose, to_dict
from zoo.run.create import create_model
from zoo.run.train import train
from zoo.tasks.base import Task


@pytest.mark.parametrize("precision", ["bf16-true", pytest.param("64-true", marks=pytest.mark.slow)])
@pytest.mark.parametrize("model", ["lenet5", "landmarks", "siamese", "gru"])
def test_every_task_trains_and_tests(model, precision, tmp_path, capsys):
    words = [f"model={model}", f"trainer.precision={precision}", "+trainer.fast_dev_run=true", "trainer=cpu"]
    config = to_dict(compose([*words, f"runs={tmp_path}"]))
    train(config, tmp_path / "run", model=model, data="its own")
    assert "one batch of each stage ran through" in capsys.readouterr().out


def held(task: Task) -> dict[str, torch.Tensor]:
    """Everything of a task that is neither of its network nor of its loss: scales, thresholds, sums."""
    found = {name: value for name, value in task.named_buffers() if not name.startswith(("network.", "loss."))}
    for place, metric in task.named_modules():
        if isinstance(metric, Metric):
            found |= {f"{place}.{name}": getattr(metric, name) for name in metric._defaults}
    return {name: value for name, value in found.items() if isinstance(value, torch.Tensor)}


@pytest.mark.parametrize("model", ["lenet5", "landmarks", "siamese", "yolo", "gru"])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64])
def test_what_is_measured_keeps_its_own_precision(model: str, dtype: torch.dtype):
    metadata = {"center": [1 / 3], "scale": [1 / 7]} if model == "gru" else {}
    task = create_model(model, **metadata)
    before = {name: value.clone() for name, value in held(task).items()}
    task.to(dtype)
    assert {parameter.dtype for parameter in task.network.parameters()} == {dtype}
    after = held(task)
    assert {name: value.dtype for name, value in after.items()} == {name: value.dtype for name, value in before.items()}
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_a_mean_counts_beyond_256_samples():
    task = create_model("lenet5").to(torch.bfloat16)
    for _ in range(1000):
        task.val_metrics["loss"].update(torch.tensor(2.0, dtype=torch.bfloat16), 1)
    assert task.val_metrics["loss"].count == 1000
    assert task.val_metrics["loss"].compute() == 2.0


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_a_forecaster_measures_and_reports_as_in_single_precision(precision: str, tmp_path: Path):
    found = {}
    for chosen in ("32-true", precision):
        words = ["model=gru", "trainer=cpu", "trainer.max_epochs=1", f"trainer.precision={chosen}"]
        small = ["data.samples=640", "data.val_samples=320", "data.windows_per_epoch=256", f"runs={tmp_path}"]
        train(to_dict(compose([*words, *small])), tmp_path / chosen, model="gru", data="waves")
        assert (tmp_path / chosen / "report" / "index.html").is_file()
        found[chosen] = json.loads((tmp_path / chosen / "metrics.json").read_text())
    assert found[precision]["baselines"] == found["32-true"]["baselines"]
    assert found[precision]["test"] == pytest.approx(found["32-true"]["test"], rel=0.05)
