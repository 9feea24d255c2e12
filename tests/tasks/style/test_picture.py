"""Style transfer by optimization: the loss, the descent, a small run through the commands' own functions."""

import json

import pytest
import torch
from PIL import Image
from small_runs import fitted
from torch import nn

import zoo
from zoo.config.compose import compose, to_dict
from zoo.data.images.files import read_image
from zoo.data.style.pair import StylePair
from zoo.data.style.pictures import pattern, read_picture, sample_photograph, scaled
from zoo.errors import ZooError
from zoo.losses.perceptual import Costs, PerceptualLoss
from zoo.networks.staged import StagedNetwork, pooled_stages
from zoo.run.console import quiet_lightning
from zoo.run.train import train
from zoo.tasks.style.colors import keep_colors, transfer_colors
from zoo.tasks.style.descent import Descent, optimize

WORDS = ["data.image_size=48", "data.steps=3", "trainer=cpu", "pretrained=DEFAULT"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("style")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("zoo.tasks.style.picture.report._STEPS", 1)
        train(
            to_dict(compose(["model=style_transfer", "trainer.max_epochs=2", *WORDS])),
            folder,
            model="style_transfer",
            data="style_pair",
        )
    return folder


class Plain(StagedNetwork):
    """A small plain network in the form of VGG."""

    channels_last = False

    def __init__(self):
        super().__init__()
        rest = [nn.ReLU(inplace=True), nn.MaxPool2d(2)]
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3), *rest, nn.Conv2d(8, 12, 3), nn.ReLU(inplace=True))

    def stages(self):
        return pooled_stages(self.features)

    def classify(self, trunk):
        return trunk


def loss_of(**options):
    torch.manual_seed(0)
    given = {"content_layers": ["relu2_1"], "style_layers": ["relu1_1", "relu2_1"], "tv_weight": 0.0}
    given |= {"content_weight": 1.0, "style_weight": 1.0, "backbone": Plain()}
    return PerceptualLoss(**given | options)


def test_a_run_lowers_the_cost_and_leaves_pictures(finished):
    results = json.loads((finished / "metrics.json").read_text())
    test = results["test"]
    assert test["cost"] == pytest.approx(test["content_cost"] + test["style_cost"] + test["variation_cost"], rel=1e-5)
    assert 0.1 < test["fall"] < 1
    costs = {name: values["cost"] for name, values in results["baselines"].items()}
    assert max(test["cost"], costs["color transfer"]) < costs["content"]
    assert results["baselines"]["content"]["content_cost"] == 0
    assert read_image(finished / "result.png", channels=3).shape == (3, 32, 48)
    assert len(list((finished / "images").glob("epoch_*.png"))) == 2
    assert {"images.png", "progress.png", "weights.png"} <= {file.name for file in (finished / "report").iterdir()}


def test_its_checkpoint_restyles_files(finished, tmp_path):
    Image.new("RGBA", (40, 60), (200, 30, 30, 128)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"no image")
    Image.new("L", (1, 1)).save(tmp_path / "c.png")
    results = zoo.predict(finished, tmp_path, tmp_path / "out", steps=2, image_size=48)
    assert [result.error is None for result in results] == [True, False, False]
    assert tuple(results[0].picture.shape) == (3, 48, 32)
    assert torch.equal(read_image(results[0].file, channels=3), results[0].picture)
    assert "at least 32 on each side" in results[2].error
    assert len((tmp_path / "out" / "predictions.csv").read_text().splitlines()) == 4


def test_a_resumed_run_ends_like_one_that_was_not_stopped(finished, tmp_path):
    quiet_lightning()
    last = fitted("style_transfer", tmp_path / "first", *WORDS, epochs=1)
    again = fitted("style_transfer", tmp_path / "again", *WORDS, f"resume='{last}'", epochs=2)
    one, other = zoo.load(finished / "checkpoints" / "last.ckpt"), zoo.load(again)
    assert torch.equal(one.picture, other.picture)
    assert torch.equal(one.first_cost, other.first_cost)


def test_content_alone_is_reconstructed_from_noise():
    loss = loss_of(content_layers=["conv1_1"], style_layers=["conv1_1"], style_weight=0.0)
    content = scaled(sample_photograph("flower"), 48, "flower")
    loss.calibrate([content])
    start = torch.rand_like(content)
    found = optimize(loss, content, start, steps=25)
    before, after = (-10 * (p - content).square().mean().log10() for p in (start, found.picture))
    assert after > before + 6  # dB of PSNR
    assert float(found.costs[-1].total) < 0.1 * float(found.costs[0].total)


def test_equal_pictures_cost_nothing():
    loss, picture = loss_of(), pattern(40)
    loss.calibrate([picture])
    loss.set_style([picture], [1.0])
    costs = loss(picture.requires_grad_(), loss.content(picture.detach()))
    costs.total.backward()
    assert costs.total < 1e-12
    assert picture.grad.abs().max() < 1e-6


def test_maps_are_scaled_and_those_of_the_papers_names():
    loss, pictures = loss_of(), [pattern(40), pattern(64, seed=1)]
    assert loss.layers == ("features.4", "features.1")  # relu2_1 and relu1_1
    loss.calibrate(pictures)
    means = [[m.abs().mean().item() for m in loss.maps(p).values()] for p in pictures]
    assert torch.tensor(means).mean(0).tolist() == pytest.approx([1, 1], rel=1e-4)
    before = loss.maps(pictures[0])
    for map_ in before.values():
        assert map_.min() >= 0  # behind the ReLU
    assert not any(p.requires_grad for p in loss.parameters())


def test_a_blend_is_the_weighted_mean_of_the_gram_matrices():
    loss, styles = loss_of(), [pattern(40), pattern(40, seed=1)]
    targets = []
    for blend in ([1.0, 0.0], [0.0, 1.0], [3.0, 1.0]):
        loss.set_style(styles, blend)
        targets.append(loss.gram_0.clone())
    torch.testing.assert_close(targets[2], 0.75 * targets[0] + 0.25 * targets[1])


def test_average_pooling_replaces_max_pooling():
    loss = loss_of(pooling="avg")
    kinds = {type(module) for module in loss.backbone.modules()}
    assert nn.AvgPool2d in kinds
    assert nn.MaxPool2d not in kinds


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"content_layers": ["relu9_1"]}, "unknown layer `relu9_1`: did you mean"),
        ({"style_layers": []}, "`style_layers` must name at least one layer of: stage1"),
        ({"content_weight": 0.0, "style_weight": 0.0}, "both 0: there is nothing to minimize"),
        ({"tv_weight": -1.0}, "`tv_weight` (=-1.0) must be a finite number of at least 0"),
        ({"gram": "mean"}, "`gram` (=mean) must be one of: gatys, chw"),
        ({"pooling": "min"}, "`pooling` (=min) must be max or avg"),
        ({"backbone": nn.Linear(1, 1)}, "`backbone` (Linear) has no named stages"),
    ],
)
def test_wrong_options_of_the_loss_are_explained(options, message):
    with pytest.raises(ZooError) as error:
        loss_of(**options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"style": "china"}, "`data.style` (=china) is the content image: there is no style to transfer"),
        ({"style": "nowhere.png"}, "`data.style`: cannot read the image `nowhere.png`: the file does not exist"),
        ({"style": []}, "`data.style` (=[]) must name at least one"),
        ({"style_weights": [1, 2]}, "`data.style_weights` (=[1, 2]) must have one number for each of 1 styles"),
        ({"style_weights": [0]}, "must be at least 0, and not all 0"),
        ({"image_size": 8}, "`data.image_size` (=8) must lie in 32 … 4096"),
        ({"style_scale": 1000}, "`data.style_scale` (=1000) makes styles of 64000 pixels"),
        ({"steps": 0}, "`data.steps` (=0) must be a whole number of at least 1"),
    ],
)
def test_wrong_data_is_explained(options, message):
    given = {"content": "china", "style": "pattern", "style_weights": None, "style_scale": 1.0, "image_size": 64}
    with pytest.raises(ZooError) as error:
        StylePair(**given | {"steps": 2, "seed": 0} | options).setup()
    assert message in str(error.value)


def test_divergence_returns_to_the_best_picture(capsys):
    pixels = nn.Parameter(torch.full((3, 4, 4), 0.5))
    calls = []

    def costs_of(picture):
        calls.append(None)
        value = picture.square().mean() if len(calls) != 3 else picture.sum() * float("nan")
        return Costs(value, torch.zeros(()), torch.zeros(()))

    descent = Descent(pixels, costs_of)
    optimizer = torch.optim.LBFGS([pixels], lr=1.0, max_iter=1)
    for _ in range(5):
        costs = descent.step(optimizer, optimizer.step)
    assert "LBFGS diverged: goes on from the best image so far with lr=0.5" in capsys.readouterr().out
    assert pixels.isfinite().all()
    assert costs.total < 0.25
    hopeless = Descent(pixels, lambda picture: Costs(picture.sum() * float("nan"), *[torch.zeros(())] * 2))
    with pytest.raises(ZooError, match="is not finite"):
        hopeless.step(optimizer, optimizer.step)


def test_a_huge_file_is_scaled_and_this_is_said(tmp_path, capsys, monkeypatch):
    Image.new("RGB", (300, 200), (10, 200, 10)).save(tmp_path / "huge.jpg")
    monkeypatch.setattr("zoo.data.style.pictures.MAX_PIXELS", 1000)
    picture = read_picture(tmp_path / "huge.jpg", 60)
    assert tuple(picture.shape) == (1, 3, 40, 60)
    assert "has 300×200 pixels: scaled to a longer side of 60" in capsys.readouterr().out


def test_colors_have_the_moments_of_the_style():
    content, style = scaled(sample_photograph("china"), 96, "china"), 0.3 + 0.4 * pattern(64)
    found = transfer_colors(0.4 + 0.2 * content, style)
    flat, wanted = (picture[0].flatten(1).double() for picture in (found, style))
    torch.testing.assert_close(flat.mean(1), wanted.mean(1), rtol=0, atol=0.02)  # a few values are clamped
    torch.testing.assert_close(flat.cov(), wanted.cov(), rtol=0.2, atol=2e-3)
    gray = keep_colors(content.mean(1, keepdim=True).expand(-1, 3, -1, -1), content)
    assert (gray - content).std() < 0.1
    torch.testing.assert_close(keep_colors(content, content), content)
