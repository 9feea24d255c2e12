"""Folders of timm, written by timm itself, into its own networks and into their users."""

import pytest
import timm
import torch
from timm.models import save_for_hf

import zoo
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.networks.embedding import EmbeddingNetwork
from zoo.networks.timm import Timm
from zoo.pretrained.catalog import resolve_weights
from zoo.pretrained.destination import destination
from zoo.pretrained.finetune import layer_groups
from zoo.pretrained.sizes import with_sizes
from zoo.pretrained.transfer import transfer_weights

NAMES = ["ant", "bee", "cat"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """test_resnet with three classes as timm writes it."""
    path = tmp_path_factory.mktemp("timm") / "net"
    torch.manual_seed(0)
    model = timm.create_model("test_resnet", num_classes=3)
    save_for_hf(model, path, safe_serialization=True, model_config={"label_names": NAMES})
    return path


def test_the_name_the_classes_and_the_preprocessing_are_those_of_the_folder(folder):
    model = zoo.create_model("timm", pretrained=str(folder), num_classes=3).eval()
    theirs = timm.create_model("test_resnet", num_classes=3, checkpoint_path=folder / "model.safetensors").eval()
    images = torch.rand(2, 3, 64, 64)
    assert torch.equal(model.network(images), theirs(images))
    assert model.config["network"]["name"] == "test_resnet"
    assert model.card["class_names"] == NAMES
    card, published = model.card["preprocessing"], theirs.pretrained_cfg
    assert (card["size"], card["interpolation"]) == (160, published["interpolation"])
    assert (tuple(card["mean"]), tuple(card["std"])) == (published["mean"], published["std"])
    assert round(card["size"] / card["crop_ratio"]) == int(160 / published["crop_pct"])


def test_rows_of_classes_are_kept_by_name_and_layers_have_rates(folder):
    model = zoo.create_model("timm", pretrained=str(folder), class_names=["dog", "bee"])
    source = resolve_weights(folder, model="timm")
    assert torch.equal(model.network.backbone.fc.weight[1], source.state["fc.weight"][1])
    rates = sorted({group["lr"] for group in layer_groups(model, layer_decay=0.5)})
    top = model.optimizer_factory.keywords["lr"]
    assert rates == [top * 0.5**k for k in (5, 4, 3, 2, 1, 0)]


def test_a_checkpoint_holds_the_name(folder, tmp_path):
    model = zoo.create_model("timm", pretrained=str(folder), num_classes=3)
    checkpoint = {"state_dict": model.state_dict()}
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "model.ckpt")
    assert resolve_weights(tmp_path / "model.ckpt", model="timm").sizes == {"name": "test_resnet"}
    again = zoo.load(tmp_path / "model.ckpt")
    assert again.network.state_dict().keys() == model.network.state_dict().keys()
    checkpoint["zoo"]["model"]["network"]["options"] = {"checkpoint_path": str(tmp_path / "other.pth")}
    torch.save(checkpoint, tmp_path / "hostile.ckpt")
    with pytest.raises(ZooError, match="`options.checkpoint_path` loads or converts a network"):
        zoo.load(tmp_path / "hostile.ckpt")


def test_another_name_is_refused(folder):
    source = resolve_weights(folder, model="timm")
    config = to_dict(compose(["model=timm", "model.network.name=resnet18"]))["model"]
    with pytest.raises(ZooError, match=r"`model.network.name` .=resnet18. contradicts net, which has test_resnet"):
        with_sizes(config, source)


def test_they_load_into_a_backbone(folder):
    source = resolve_weights(folder, model="timm")
    backbone = Timm(name="test_resnet", features=["layer2", "layer3"])
    network = torch.nn.Module()
    network.backbone = backbone
    report = transfer_weights(*destination(network, source), class_names=None)
    assert not report.new
    assert torch.equal(backbone.backbone.conv1[0].weight, source.state["conv1.0.weight"])
    siamese = EmbeddingNetwork(backbone=Timm(name="test_resnet", num_classes=8))
    report = transfer_weights(*destination(siamese, source), class_names=None)
    assert report.new == ["backbone.fc 3→8 outputs"]


def test_a_detector_normalizes_as_the_weights_expect(folder):
    source = resolve_weights(folder, model="timm")
    overrides = [
        "model=yolo",
        "++model.network.backbone={_target_: zoo.networks.timm.Timm, name: null, features: [layer3, layer4]}",
    ]
    network = with_sizes(to_dict(compose(overrides))["model"], source)["network"]
    assert network["backbone"]["name"] == "test_resnet"
    assert network["mean"] == list(source.preprocessing["mean"])
