"""Matching tensors are loaded, new layers are reported, everything else is rejected."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.losses.assigners import ShapeRatio
from zoo.losses.cross_entropy import CrossEntropy
from zoo.losses.yolo import YoloLoss
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.lenet import LeNet5
from zoo.networks.resnet import ResNet
from zoo.networks.yolo import YOLO, SmallDarknet
from zoo.pretrained.catalog import Source
from zoo.pretrained.transfer import load_pretrained, transfer_weights
from zoo.run.build import build_data
from zoo.run.create import create_model
from zoo.run.model_source import requested_model
from zoo.tasks.classification import Classification
from zoo.tasks.detection import Detection


def resnet(**options: Any) -> ResNet:
    return ResNet(layers=(1, 1, 1, 1), **({"block": "basic"} | options))


def source(network: nn.Module, class_names: list[str] | None = None) -> Source:
    return Source(label="net.pth", state=network.state_dict(), class_names=class_names, preprocessing=None)


def test_equal_networks_load_whole() -> None:
    ours, theirs = resnet(num_classes=5), resnet(num_classes=5)
    report = transfer_weights(ours, source(theirs), class_names=None)
    assert report.lines("net.pth") == [
        f"loaded: {len(theirs.state_dict())} tensors of net.pth",
        "newly initialized: nothing",
        "left over: nothing",
    ]
    for a, b in zip(ours.state_dict().values(), theirs.state_dict().values(), strict=True):
        assert torch.equal(a, b)


def test_a_head_for_other_classes_keeps_the_rows_that_both_know() -> None:
    ours, theirs = resnet(num_classes=4), resnet(num_classes=3)
    nn.init.normal_(theirs.fc.bias)
    before = ours.fc.weight.detach().clone()
    report = transfer_weights(ours, source(theirs, ["ant", "bee", "cat"]), class_names=["Bee", "dog", "ant", "emu"])
    assert report.new == ["fc 3→4 classes, 2 rows kept by name (Bee, …)"]
    assert torch.equal(ours.fc.weight[[0, 2]], theirs.fc.weight[[1, 0]])
    assert torch.equal(ours.fc.bias[[0, 2]], theirs.fc.bias[[1, 0]])
    assert torch.equal(ours.fc.weight[[1, 3]], before[[1, 3]])
    assert torch.equal(ours.conv1.weight, theirs.conv1.weight)


def test_classes_in_another_order_are_put_in_ours() -> None:
    ours, theirs = resnet(num_classes=2), resnet(num_classes=2)
    report = transfer_weights(ours, source(theirs, ["bee", "ant"]), class_names=["ant", "bee"])
    assert torch.equal(ours.fc.weight, theirs.fc.weight[[1, 0]])
    assert report.new == ["fc 2→2 classes, 2 rows kept by name (ant, …)"]


def test_other_classes_in_the_same_number_make_a_new_head() -> None:
    ours, theirs = resnet(num_classes=2), resnet(num_classes=2)
    before = ours.fc.weight.detach().clone()
    report = transfer_weights(ours, source(theirs, ["cat", "dog"]), class_names=["ant", "bee"])
    assert torch.equal(ours.fc.weight, before)
    assert report.new == ["fc 2→2 classes, 0 rows kept by name"]


@pytest.mark.parametrize("channels", [1, 2, 5])
def test_the_first_convolution_adapts_to_the_channels(channels: int) -> None:
    torch.manual_seed(0)
    ours, theirs = resnet(num_classes=100, in_channels=channels), resnet(num_classes=100)
    report = transfer_weights(ours, source(theirs), class_names=None)
    assert report.adapted == [f"conv1 adapted from 3 to {channels} channels"]
    gray = torch.randn(2, 1, 32, 32)
    with torch.no_grad():
        expected = theirs.eval()(gray.expand(-1, 3, -1, -1))
        found = ours.eval()(gray.expand(-1, channels, -1, -1))
    if channels == 1:
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
    else:  # the same image in every channel gives answers of the same size
        assert 0.5 < found.std() / expected.std() < 2


def test_another_architecture_is_refused_and_changes_nothing() -> None:
    ours, theirs = resnet(num_classes=2), resnet(num_classes=2, block="bottleneck")
    before = {key: value.clone() for key, value in ours.state_dict().items()}
    message = r"net.pth does not fit ResNet: layer1.0.conv1.weight 64×64×3×3 is 64×64×1×1, .*, and \d+ more"
    with pytest.raises(ZooError, match=message):
        transfer_weights(ours, source(theirs), class_names=None)
    assert all(torch.equal(value, before[key]) for key, value in ours.state_dict().items())


def test_tensors_that_lack_or_have_no_place_are_refused() -> None:
    ours, state = resnet(num_classes=2), dict(resnet(num_classes=2).state_dict())
    del state["layer2.0.bn1.running_mean"]
    state["layer9.weight"] = torch.zeros(3)
    given = Source(label="net.pth", state=state, class_names=None, preprocessing=None)
    with pytest.raises(ZooError, match=r"layer2.0.bn1.running_mean 128 is missing, layer9.weight 3 has no place$"):
        transfer_weights(ours, given, class_names=None)


def test_half_a_head_is_refused() -> None:
    ours, state = resnet(num_classes=5), dict(resnet(num_classes=5).state_dict())
    del state["fc.bias"]
    given = Source(label="net.pth", state=state, class_names=None, preprocessing=None)
    with pytest.raises(ZooError, match=r"fc.bias 5 is missing$"):
        transfer_weights(ours, given, class_names=None)


def test_old_files_lack_the_batch_counters() -> None:
    ours, theirs = resnet(num_classes=2), resnet(num_classes=2)
    state = {k: v for k, v in theirs.state_dict().items() if "num_batches" not in k}
    report = transfer_weights(
        ours, Source(label="x", state=state, class_names=None, preprocessing=None), class_names=None
    )
    assert (report.new, report.left_over) == ([], [])


def test_parts_that_the_network_is_built_without_are_left_over() -> None:
    theirs = resnet(num_classes=2)
    report = transfer_weights(resnet(features=["layer2"]), source(theirs), class_names=None)
    assert len(report.left_over) == 1
    assert report.left_over[0].endswith("tensors of fc, layer3, layer4, which this network is built without")
    report = transfer_weights(resnet(num_classes=0), source(theirs), class_names=None)
    assert report.left_over == ["2 tensors of fc, which this network is built without"]


def test_auxiliary_heads_may_lack_on_either_side() -> None:
    full, plain = GoogLeNet(num_classes=2), GoogLeNet(num_classes=2, auxiliary=False)
    assert "of aux1, aux2, which" in transfer_weights(plain, source(full), class_names=None).left_over[0]
    report = transfer_weights(full, source(plain), class_names=None)
    assert report.new == [f"aux{i}.fc2 (2 outputs), which the weights lack" for i in (1, 2)]
    assert torch.equal(full.fc.weight, plain.fc.weight)


def test_weights_without_auxiliary_heads_predict(tmp_path: Path) -> None:
    torch.save(create_model("googlenet", auxiliary=False).network.state_dict(), tmp_path / "net.pth")
    config = {"checkpoint": None, "pretrained": str(tmp_path / "net.pth"), "trust": []}
    assert requested_model(config | {"options": {"model": "googlenet"}}).newly_initialized


def test_a_network_without_named_heads_has_its_last_linear_layer() -> None:
    report = transfer_weights(LeNet5(num_classes=3), source(LeNet5()), class_names=None)
    assert report.new == ["classifier.5 10→3 outputs"]


def test_the_card_tells_what_the_weights_know() -> None:
    known = {"size": 32}
    theirs = Source(label="x", state=resnet(num_classes=2).state_dict(), class_names=["a", "b"], preprocessing=known)
    task = Classification(network=resnet(num_classes=2), loss=CrossEntropy(), num_classes=2)
    load_pretrained(task, theirs)
    assert task.card == {"preprocessing": known, "class_names": ["a", "b"]}
    task = Classification(network=resnet(num_classes=3), loss=CrossEntropy(), num_classes=3)
    load_pretrained(task, theirs, class_names=["b", "c", "d"])
    assert task.card == {"preprocessing": known}


def test_create_model_takes_a_file(tmp_path: Path) -> None:
    theirs = LeNet5(num_classes=10)
    torch.save(theirs.state_dict(), tmp_path / "lenet.pth")
    model = create_model("lenet5", pretrained=str(tmp_path / "lenet.pth"), num_classes=7)
    assert torch.equal(model.network.state_dict()["features.0.weight"], theirs.features[0].weight)
    assert model.network.state_dict()["classifier.5.weight"].shape[0] == 7


def test_images_of_identities_are_normalized_as_the_weights_expect() -> None:
    data = build_data(
        to_dict(compose(["model=siamese"]))["data"] | {"steps_per_epoch": 1},
    )
    assert data.normalize_as({"mean": (0.2, 0.4, 0.6), "std": (0.1, 0.2, 0.3)})
    data.setup()
    assert data.card()["preprocessing"]["mean"] == pytest.approx([0.4])  # one channel: the mean of the three
    images, _ = data.normalize((torch.full((1, 1, 32, 32), 0.6), torch.zeros(1)))
    assert images.unique().tolist() == pytest.approx([1.0])


SHAPES = [[4.0, 4.0], [8.0, 8.0], [12.0, 12.0], [20.0, 20.0]]


def yolo(classes: int, grown: float = 0.0) -> YOLO:
    backbone = SmallDarknet(widths=(4, 8, 8, 8), depths=(0, 0, 0, 0))
    return YOLO(backbone=backbone, width=8, num_classes=classes, anchors=[[w + grown, h] for w, h in SHAPES])


@pytest.mark.parametrize(
    ("names", "kept"),
    [("cba", {0: 2, 1: 1, 2: 0}), ("xbay", {1: 1, 2: 0}), ("b", {0: 1}), ("abc", {0: 0, 1: 1, 2: 2})],
)
def test_every_anchor_of_a_detector_keeps_its_box_and_the_classes_that_both_know(
    names: str, kept: dict[int, int]
) -> None:
    torch.manual_seed(0)
    ours, theirs = yolo(len(names)), yolo(3)
    before = [branch[-1].weight.detach().clone() for branch in ours.branches]  # type: ignore[index]
    report = transfer_weights(ours, source(theirs, list("abc")), class_names=list(names))
    assert len(report.new) == (0 if names == "abc" else 2)
    assert all(f"3→{len(names)} classes, {len(kept)} rows kept by name" in line for line in report.new)
    for mine, other, old in zip(ours.branches, theirs.branches, before, strict=True):
        found, given, fresh = (
            w.view(2, -1, 8)
            for w in (mine[-1].weight, other[-1].weight, old)  # type: ignore[index]
        )
        assert torch.equal(found[:, :5], given[:, :5])
        for i in range(len(names)):
            assert torch.equal(found[:, 5 + i], given[:, 5 + kept[i]] if i in kept else fresh[:, 5 + i])
    assert torch.equal(ours.inward[0][0].weight, theirs.inward[0][0].weight)  # type: ignore[index]


def detector(network: YOLO) -> Detection:
    weights = {"objectness_weight": 1.0, "box_weight": 1.0, "classification_weight": 1.0}
    loss = YoloLoss(**weights, assigner=ShapeRatio(max_ratio=4.0), gamma=0.0, class_weights=None)
    return Detection(network=network, loss=loss, min_score=0.01, iou_threshold=0.5)


def test_a_detector_keeps_the_anchors_of_its_own_data() -> None:
    task, theirs = detector(yolo(3, grown=1.0)), yolo(3)
    own = task.network.anchors.clone()  # type: ignore[operator, union-attr]
    lines = load_pretrained(task, source(theirs))
    assert lines[0].endswith("of net.pth; anchors kept from this model")
    assert torch.equal(task.network.anchors, own)  # type: ignore[arg-type]
    assert load_pretrained(detector(yolo(3)), source(theirs))[0].endswith("of net.pth")


def test_a_detector_without_data_takes_the_anchors_with_the_weights(tmp_path: Path) -> None:
    given = [[10.0 + i, 12.0] for i in range(6)]
    theirs = create_model("yolo", num_classes=3, anchors=given)
    torch.save(theirs.network.state_dict(), tmp_path / "yolo.pth")
    ours = create_model("yolo", num_classes=3, pretrained=str(tmp_path / "yolo.pth"))
    assert torch.equal(ours.network.anchors, theirs.network.anchors)
    anchors = [[11.0 + i, 12.0] for i in range(6)]
    ours = create_model("yolo", num_classes=3, anchors=anchors, pretrained=str(tmp_path / "yolo.pth"))
    assert torch.equal(ours.network.anchors.view(-1, 2), torch.tensor(anchors))


def test_a_detector_with_other_anchors_in_number_is_refused() -> None:
    ours = YOLO(backbone=SmallDarknet(widths=(4, 8, 8, 8), depths=(0, 0, 0, 0)), width=8, num_classes=3)
    with pytest.raises(ZooError, match=r"does not fit YOLO: anchors 2×3×2 is 2×2×2"):
        transfer_weights(ours, source(yolo(3)), class_names=list("abc"), keep={"anchors"})
