"""One number for an image, from training to the exported program."""

import csv
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from PIL import Image
from small_runs import configuration, evaluated, trained
from torch import nn

import zoo
from zoo.config.compose import compose_with_choices
from zoo.errors import ZooError
from zoo.losses.forecasting import SquaredError
from zoo.tasks.regression.image import ImageRegression


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """Images whose number is the brightness of their left half."""
    folder = tmp_path_factory.mktemp("pictures")
    rows = [["path", "brightness"]]
    for number, level in enumerate(np.random.default_rng(0).integers(0, 256, 80).tolist()):
        pixels = np.zeros((32, 32, 3), np.uint8)
        pixels[:, :16] = level
        Image.fromarray(pixels).save(folder / f"{number}.png")
        rows.append([f"{number}.png", level])
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return folder / "labels.csv"


def words(table):
    return ["data=image_table", f"data.path={table}", "data.image_size=32", "data.batch_size=16", "data.num_workers=0"]


def test_an_image_classifier_becomes_a_regression(table, tmp_path):
    last = trained("lenet5", tmp_path / "run", *words(table), "trainer.accelerator=cpu")
    page = (last.parents[1] / "report" / "index.html").read_text(encoding="utf-8")
    assert "Images with the largest errors" in page
    first = evaluated(last, tmp_path / "again", f"+data.path={table}")
    assert {"rmse", "mae", "r2", "coverage", "width"} <= set(first)
    model = zoo.load(last)
    (tmp_path / "bad.png").write_bytes(b"no image")
    found = zoo.predict(model, [table.parent / "3.png", tmp_path / "bad.png"], tmp_path / "out")
    assert found[1].value is None
    assert found[1].error
    assert (tmp_path / "out" / "contact_sheet.png").is_file()
    program = model.export_program(format="onnx", with_preprocessing=True).module
    pixels = torch.from_numpy(np.array(Image.open(table.parent / "3.png"))).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        assert program(pixels).item() == pytest.approx(found[0].value, rel=1e-4)
    assert zoo.features(model, table.parent / "3.png").shape == (1, 84)


def test_the_data_chooses_the_task_and_the_command_line_wins(table):
    given = ["model=resnet18", *words(table), "model.loss._target_=zoo.losses.forecasting.AbsoluteError"]
    model = compose_with_choices(given)[0].model
    assert model._target_.endswith("ImageRegression")
    assert model.network._target_.endswith("ResNet")
    assert model.loss._target_.endswith("AbsoluteError")
    assert compose_with_choices(["model=resnet18"])[0].model._target_.endswith("Classification")
    assert configuration("lenet5")["model"]["_target_"].endswith("Classification")


class Heads(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(3, 1), nn.Linear(3, 1)

    def forward(self, images):
        pooled = images.mean((2, 3))
        return SimpleNamespace(logits=self.first(pooled), auxiliary=(self.second(pooled),))


def test_auxiliary_heads_are_trained():
    task = ImageRegression(network=Heads(), loss=SquaredError())
    batch = torch.rand(4, 3, 8, 8), torch.rand(4)
    task.step(batch, "train").backward()
    assert all(parameter.grad.abs().sum() > 0 for parameter in task.network.parameters())


def test_a_network_of_maps_is_refused():
    task = ImageRegression(network=nn.Conv2d(3, 1, 3), loss=SquaredError())
    with pytest.raises(ZooError, match="a network that returns one vector for each sample, and Conv2d returns"):
        task(torch.zeros(2, 3, 8, 8))
