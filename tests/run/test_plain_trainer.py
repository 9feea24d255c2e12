"""A user's own Trainer and DataLoader train what `create_model` and `load` return: batch norms move."""

from functools import partial
from pathlib import Path

import pytest
import torch
from pytorch_lightning import Trainer
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset

import zoo
from zoo.errors import ZooError
from zoo.tasks.base import Task

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers and validation


def fit(model: Task, folder: Path) -> dict[str, Tensor]:
    """Train one epoch; returns how far each running mean has moved."""
    model.optimizer_factory = partial(torch.optim.SGD, lr=0.01)
    before = means(model)
    images = TensorDataset(torch.rand(8, 3, 8, 8), torch.arange(8) % 2)
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = Trainer(max_epochs=1, accelerator="cpu", default_root_dir=folder, enable_checkpointing=False, **quiet)
    trainer.fit(model, DataLoader(images, 4))
    trainer.save_checkpoint(folder / "own.ckpt")
    return {name: (mean - before[name]).abs().max() for name, mean in means(model).items()}


def means(model: Task) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.network.named_buffers() if name.endswith("running_mean")}


def test_running_statistics_move(tmp_path: Path):
    created = zoo.create_model("resnet18", num_classes=2)
    assert created.training
    assert all(moved > 0 for moved in fit(created, tmp_path).values())

    loaded = zoo.load(tmp_path / "own.ckpt")
    assert not loaded.training
    assert all(moved > 0 for moved in fit(loaded, tmp_path).values())


def test_what_is_frozen_on_purpose_stays(tmp_path: Path):
    model = zoo.create_model("resnet18", num_classes=2).eval()
    model.network.bn1.requires_grad_(False)
    moved = fit(model, tmp_path)
    assert moved.pop("bn1.running_mean") == 0
    assert all(value > 0 for value in moved.values())

    model.network.layer1.eval()  # in a model in training mode, modes are kept
    moved = fit(model, tmp_path)
    assert all((value > 0) != name.startswith(("layer1", "bn1")) for name, value in moved.items())


def test_prediction_gives_every_module_its_mode_back(tmp_path: Path):
    from PIL import Image

    Image.new("RGB", (40, 40), "red").save(tmp_path / "red.png")
    model = zoo.create_model("resnet18", num_classes=2)
    plain = {"size": 32, "channels": 3, "mean": [0.5] * 3, "std": [0.25] * 3, "resize": "squash", "crop_ratio": 1.0}
    model.card = {"preprocessing": plain, "class_names": ["red", "blue"]}
    model.network.layer1.eval()
    first, second = (zoo.predict(model, tmp_path / "red.png") for _ in range(2))
    assert first == second
    assert model.training
    assert not model.network.layer1.training


def test_prediction_moves_the_model_to_a_requested_device(capsys: pytest.CaptureFixture):
    model = zoo.create_model(
        "lenet5", preprocessing=zoo.Preprocessing(size=32, channels=1, mean=(0.5,), std=(0.5,), resize="crop")
    )
    (found,) = zoo.predict(model, torch.zeros(32, 32), device="cpu")
    assert found.label is not None
    assert capsys.readouterr().out.startswith("device: ")
    with pytest.raises(ZooError, match=r"`device` \(=tpu\) must be auto, cpu, cuda"):
        zoo.predict(model, torch.zeros(32, 32), device="tpu")
