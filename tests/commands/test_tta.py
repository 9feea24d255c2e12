"""Evaluation and prediction that average over views of each image."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as V

from zoo.checkpoints.load import load
from zoo.losses.cross_entropy import CrossEntropy
from zoo.run.build import build_data
from zoo.tasks.classification import Classification

QUICK = ["trainer.max_epochs=1", "trainer=cpu", "baselines=false"]
FOLDER = ["data=image_folder", "data.root=pets", "data.image_size=32", "data.num_workers=0"]
WIDE = round(32 / 0.875)
BOTH = "tta=[flip,five_crops]"


def write(folder: Path, *, plain: bool) -> None:
    generator = np.random.default_rng(0)
    for split in ("train", "val", "test"):
        for name, level in (("cat", 60), ("dog", 120)):
            (folder / split / name).mkdir(parents=True)
            for number in range(5):
                shape = (1, 1, 3) if plain else (40, 44, 3)
                pixels = np.broadcast_to(generator.integers(0, level, shape, dtype=np.uint8), (40, 44, 3))
                Image.fromarray(np.ascontiguousarray(pixels)).save(folder / split / name / f"{number}.png")


@pytest.fixture
def trained(command, tmp_path):
    """The checkpoint of a run over images, of one color each if `plain`."""

    def run(*words: str, plain: bool = False) -> Path:
        write(tmp_path / "pets", plain=plain)
        ended = command("train", *QUICK, *FOLDER, *words)
        assert ended.code == 0, ended.err
        return ended.run / "checkpoints" / "best.ckpt"

    return run


@pytest.fixture
def results(command):
    def run(checkpoint: Path, *words: str, runs: str = "evaluated") -> dict:
        fixed = [f"checkpoint={checkpoint}", "+data.root=pets", "baselines=false", f"runs={runs}"]
        ended = command("evaluate", *fixed, *words)
        assert ended.code == 0, ended.err
        assert ("\ntta: " in ended.out) == any(word.startswith("tta=") for word in words)
        return json.loads(next((ended.folder / runs).rglob("metrics.json")).read_text())

    return run


def ten_crops(task, data, path: Path) -> torch.Tensor:
    wide = replace(data.preprocessing, size=WIDE, crop_ratio=1.0)
    image = data.preprocessing.normalize(wide.read(path)[None])
    crops = V.five_crop(image, [32, 32])
    with torch.no_grad():
        return torch.stack([task(crop).softmax(1)[0] for c in crops for crop in (c, V.horizontal_flip(c))]).mean(0)


@pytest.mark.parametrize("cache", ["data.cache_mb=256", "data.cache_mb=0"])
def test_ten_crops_are_an_explicit_loop(command, trained, results, tmp_path, cache):
    checkpoint = trained(cache)
    plain, measured = results(checkpoint), results(checkpoint, BOTH, runs="ten")
    assert "tta" not in plain
    assert measured["tta"] == ["flip", "five_crops"]
    task = load(checkpoint)
    data = build_data(task.card["data_config"])
    data.setup()
    paths = sorted((tmp_path / "pets" / "test").rglob("*.png"))
    chances = torch.stack([ten_crops(task, data, path) for path in paths])
    labels = torch.tensor([data.class_names.index(path.parent.name) for path in paths])
    assert measured["test"]["loss"] == pytest.approx(F.nll_loss(chances.log(), labels).item(), abs=1e-5)
    assert measured["test"]["accuracy"] == pytest.approx((chances.argmax(1) == labels).float().mean().item())
    assert measured["test"]["loss"] != pytest.approx(plain["test"]["loss"], abs=1e-6)
    ended = command("predict", f"checkpoint={checkpoint}", "source=pets/test", BOTH, "hydra.run.dir=out")
    assert ended.code == 0, ended.err
    results = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert [entry["probability"] for entry in results] == pytest.approx(chances.amax(1).tolist(), abs=1e-5)


def test_where_all_views_are_alike_nothing_changes(trained, results):
    checkpoint = trained(plain=True)
    once = results(checkpoint)["test"]
    assert results(checkpoint, BOTH, runs="ten")["test"] == pytest.approx(once, abs=1e-6)
    assert results(checkpoint, "tta=flip", runs="flip")["test"] == pytest.approx(once, abs=1e-6)


def test_probabilities_are_averaged_not_logits():
    torch.manual_seed(0)
    network = nn.Sequential(nn.Flatten(), nn.Linear(4, 2))
    task = Classification(network=network, loss=CrossEntropy(), num_classes=2)
    task.tta_views, task.tta_size = ["flip"], 2
    images = 10 * torch.randn(1, 1, 2, 2)
    chances = torch.stack([task(view).softmax(1) for view in (images, images.flip(-1))]).mean(0)
    loss = task.step((images, torch.tensor([1])), "test")
    assert loss.item() == pytest.approx(-chances[0, 1].log().item(), abs=1e-6)
    assert torch.allclose(task.average_views(images, ["flip"], 2).softmax(1), chances)


def test_what_cannot_be_averaged(command, trained):
    checkpoint = trained()

    def refused(*words: str, name: str = "evaluate") -> str:
        ended = command(name, *words)
        assert ended.code == 2, ended.out + ended.err
        (line,) = ended.err.splitlines()
        return line.removeprefix(f"zoo-{name}: ")

    line = refused(f"checkpoint={checkpoint}", "+data.root=pets", "tta=[flip,ten]")
    assert line == "unknown tta `ten`: there are: five_crops, flip"
    margin = "`tta` (=five_crops) cuts corners, and this data has no margin around what the network sees: use tta=flip"
    assert refused(f"checkpoint={checkpoint}", "tta=five_crops", "+data.root=pets", "+data.crop_ratio=1.0") == margin
    digits = command("train", *QUICK, "runs=digits").folder / "digits"
    other = next(digits.rglob("best.ckpt"))
    assert refused(f"checkpoint={other}", "tta=five_crops") == margin
    series = command("train", *QUICK, "model=linear_forecaster", "runs=series").folder / "series"
    other = next(series.rglob("best.ckpt"))
    no_classes = "`tta` means nothing to a forecasting model; it takes no options"
    assert refused(f"checkpoint={other}", "tta=flip") == no_classes
    line = refused(f"checkpoint={other}", "tta=flip", "source=pets", name="predict")
    assert line.startswith("`tta` means nothing to a forecasting model; it takes: ")
