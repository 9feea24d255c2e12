"""Style transfer to any style: the AdaIN layer, the decoder, a small run, predictions, export."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

import zoo
from zoo.checkpoints.load import load
from zoo.data.style.many_styles import Pairs
from zoo.data.style.pictures import pattern, sample_photograph, scaled
from zoo.errors import ZooError
from zoo.losses.perceptual import PerceptualLoss
from zoo.losses.style import channel_moments
from zoo.networks.staged import StagedNetwork, pooled_stages
from zoo.networks.stylization import ConditionalDecoder, StyleDecoder
from zoo.run.export import FORMATS, export
from zoo.tasks.style import AdaIN


@pytest.fixture(scope="module")
def finished(trained_small):
    return trained_small("adain_small", "many_styles_128")


@pytest.fixture(scope="module")
def task(finished):
    return load(finished / "checkpoints" / "best.ckpt")


class Plain(StagedNetwork):
    """A small plain network in the form of VGG, whose second stage has half the sides."""

    channels_last = False

    def __init__(self):
        super().__init__()
        rest = [nn.ReLU(), nn.MaxPool2d(2)]
        self.features = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), *rest, nn.Conv2d(8, 12, 3, padding=1), nn.ReLU())

    def stages(self):
        return pooled_stages(self.features)

    def classify(self, trunk):
        return trunk


def tiny(*, layers=("relu2_1",), moment_weight=10.0, decoder=StyleDecoder, **options):
    torch.manual_seed(0)
    loss = PerceptualLoss(
        backbone=Plain(),
        content_layers=layers,
        style_layers=["relu1_1", "relu2_1"],
        content_weight=1.0,
        style_weight=1.0,
        tv_weight=0.0,
    )
    given = {"channels": 12, "widths": (8, 12), "convolutions": (2, 1)} | options
    return AdaIN(network=decoder(**given), loss=loss, moment_weight=moment_weight)


def pair():
    return Pairs(scaled(sample_photograph("flower"), 48, "flower")[..., :32, :32], pattern(32))


def test_the_restyled_maps_have_the_moments_of_the_style():
    task, style = tiny().double(), pattern(48).double()
    task.perceptual.scales.fill_(1000.0)  # far above the 1e-5 below the root
    content = torch.rand(1, 3, 40, 32, dtype=torch.float64)
    (target,) = task.network_inputs(Pairs(content, style))
    ours, wanted = channel_moments(target), task.style_of([style], [1.0]).moments
    maps = task.encode(style)[0].flatten(1).detach().numpy()
    for found, expected, plain in (
        (ours.mean, wanted.mean, maps.mean(1)),
        (ours.std, wanted.std, maps.std(1, ddof=1)),
    ):
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
        np.testing.assert_allclose(found.detach().numpy().ravel(), plain, rtol=0, atol=1e-6)


def test_the_content_is_its_own_style_and_at_alpha_0_the_style_counts_for_nothing():
    task, (content, style) = tiny(), pair()
    own, other = (task.style_of([picture], [1.0]).moments for picture in (content, style))
    with torch.no_grad():
        decoded = task.network(task.encode(content))
        torch.testing.assert_close(task(content, own), decoded, rtol=0, atol=1e-5)
        assert torch.equal(task(content, other, alpha=0.0), decoded)
        assert (task(content, other) - decoded).abs().max() > 1e-3


def test_a_blend_ends_at_its_styles_and_runs_between_them():
    task, styles = tiny(), [pattern(32), pattern(40, seed=1)]
    ends = [task.style_of([style], [1.0]) for style in styles]
    for weights, expected in (([2.0, 0.0], ends[0]), ([0.0, 5.0], ends[1])):
        found = task.style_of(styles, weights)
        torch.testing.assert_close([*found.moments, *found.grams], [*expected.moments, *expected.grams])
    blended = task.style_of(styles, [3.0, 1.0]).moments
    torch.testing.assert_close(blended.mean, 0.75 * ends[0].moments.mean + 0.25 * ends[1].moments.mean)
    content = pair().contents
    with torch.no_grad():  # as the paper blends: the maps of the styles
        maps = [task.network_inputs(Pairs(content, style))[0] for style in styles]
        expected = task.network(0.75 * maps[0] + 0.25 * maps[1])
        torch.testing.assert_close(task(content, blended), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("decoder", [StyleDecoder, ConditionalDecoder])
def test_a_pair_is_learned_by_heart(decoder):
    task, batch = tiny(decoder=decoder), pair()
    optimizer = torch.optim.Adam(task.network.parameters(), lr=5e-3)
    losses = []
    for _ in range(60):
        loss = task.step(batch, "train")
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0] / 4
    assert all(parameter.grad is None for parameter in task.loss.parameters())


def test_a_run_is_measured_beside_the_optimization_for_each_style(finished):
    results = json.loads((finished / "metrics.json").read_text())
    assert {"cost", "content_cost", "style_cost", "variation_cost", "flicker", "ms_per_image"} <= results["test"].keys()
    assert {"3 steps of L-BFGS", "color transfer", "content"} == results["baselines"].keys()
    assert results["baselines"]["3 steps of L-BFGS"]["cost"] < results["baselines"]["content"]["cost"]
    assert {"held_out.png", "alphas.png", "blends.png"} <= {file.name for file in (finished / "report").iterdir()}


def test_files_and_videos_are_restyled(task, tmp_path, write_clip):
    source = tmp_path / "source"
    source.mkdir()
    Image.new("L", (50, 40), 90).save(source / "gray.png")
    Image.new("RGBA", (40, 40), (9, 200, 90, 0)).save(source / "clear.png")
    Image.new("L", (1, 1)).save(source / "one.png")
    (source / "broken.jpg").write_bytes(b"no image")
    write_clip(source / "clip.mp4")
    Image.new("L", (60, 50), 200).save(tmp_path / "style.png")
    options = {"style": ["pattern", str(tmp_path / "style.png")], "style_weights": [3, 1], "alpha": 0.7}
    results = zoo.predict(task, source, tmp_path / "out", image_size=48, original_colors=True, **options)
    by_name = {f"{result.path.name}{result.frame or ''}": result for result in results}
    assert [*by_name] == ["broken.jpg", "clear.png", "gray.png", "one.png", "clip.mp4", "clip.mp41", "clip.mp42"]
    assert [name for name, result in by_name.items() if result.error] == ["broken.jpg", "one.png"]
    picture = by_name["gray.png"].picture
    assert tuple(picture.shape) == (3, 38, 48)
    assert (picture.float() - picture.float().mean(0)).abs().max() <= 1  # the colors of gray
    assert by_name["gray.png"].cost > 0
    assert by_name["clip.mp4"].file.is_file()


def test_the_ends_of_alpha_and_of_the_weights_are_those_of_one_style(task):
    content = (255 * pair().contents[0]).byte()

    def restyled(**options):
        (result,) = zoo.predict(task, content, image_size=48, **options)
        return result.picture

    both = {"style": ["pattern", "flower"]}
    assert torch.equal(restyled(**both, style_weights=[1.0, 0.0]), restyled(style="pattern"))
    assert torch.equal(restyled(style="pattern", alpha=0.0), restyled(style="flower", alpha=0.0))
    assert not torch.equal(restyled(style="pattern"), restyled(style="flower"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "`style` is missing: style=FILE, a list of files, or one of: pattern, china, flower"),
        ({"style": "nowhere.png"}, "`style`: cannot read the image `nowhere.png`: the file does not exist"),
        ({"style": []}, "`style` (=[]) must name at least one image"),
        ({"style": "pattern", "alpha": 1.5}, "`alpha` (=1.5) must lie in 0 … 1"),
        ({"style": "pattern", "alpha": float("nan")}, "`alpha` (=nan) must lie in 0 … 1"),
        ({"style": ["pattern", "china"], "style_weights": [1]}, "must have one number for each of 2 styles"),
        ({"style": ["pattern", "china"], "style_weights": [0, 0]}, "must be at least 0, and not all 0"),
        ({"style": "pattern", "style_scale": 1000}, "`style_scale` makes styles of 32000 pixels"),
        ({"style": "pattern", "image_size": 8}, "`image_size` (=8) must lie in 32 … 4096"),
    ],
)
def test_wrong_predictions_are_explained(task, options, message):
    with pytest.raises(ZooError) as error:
        zoo.predict(task, torch.zeros(3, 32, 32, dtype=torch.uint8), **options)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": ["relu1_1", "relu2_1"]}, "must be one layer: the decoder inverts its maps"),
        ({"layers": ["relu9_1"]}, "unknown layer `relu9_1`: did you mean"),
        ({"channels": 8}, "`model.network.channels` (=8) must be 12, the channels of the layer"),
        ({"widths": (8, 8, 12), "convolutions": (1, 1, 1)}, "has 3 stages, which enlarge 4 times"),
        ({"convolutions": (2,)}, "`convolutions` (=[2]) must be as many numbers of at least 1"),
        ({"moment_weight": 0.0}, "`model.moment_weight` (=0.0) must be a positive number"),
    ],
)
def test_wrong_models_are_explained(options, message):
    with pytest.raises(ZooError) as error:
        tiny(**options)
    assert message in str(error.value)


@pytest.mark.slow
@pytest.mark.parametrize(("format", "pixels"), [("onnx", True), ("torch_export", False)])
def test_the_exported_file_takes_any_size(finished, tmp_path, format, pixels):
    path, difference = export(
        finished / "checkpoints" / "best.ckpt",
        format=format,
        output=tmp_path / f"style{FORMATS[format]}",
        with_preprocessing=pixels,
        tolerance=1e-4,
        device="cpu",
        trust=[],
        options={"style": "pattern", "alpha": 0.8},
    )
    assert difference < 1e-4  # at 64×96 and 80×48 pixels
    if format == "onnx":
        import onnxruntime

        session = onnxruntime.InferenceSession(str(path))
        (found,) = session.run(None, {"images": np.full((2, 3, 40, 48), 128, np.float32)})
        assert found.shape == (2, 3, 40, 48)
        assert 1 < found.max() <= 255


def test_an_export_without_a_style_names_the_key(task):
    with pytest.raises(ZooError, match="`style` is missing"):
        task.export_program(format="onnx", with_preprocessing=False)
