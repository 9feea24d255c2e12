"""Published weights of detectors: their classes, the rows that are kept by name, and no network."""

import pytest
import torch
from torch import nn
from torchvision.ops import FeaturePyramidNetwork

import zoo
from zoo.errors import ZooError
from zoo.networks.heads import HeadLayout
from zoo.networks.torchvision_detectors import TorchvisionDetector
from zoo.pretrained.catalog import Source, resolve_weights
from zoo.pretrained.published import published
from zoo.pretrained.transfer import transfer_weights

NAMES = (
    "fcos_resnet50_fpn",
    "retinanet_resnet50_fpn_v2",
    "ssdlite320_mobilenet_v3_large",
    "fasterrcnn_resnet50_fpn_v2",
)


@pytest.mark.parametrize("name", NAMES)
def test_coco_has_90_classes_without_the_background(name):
    weights = published(name)
    assert list(weights) == ["COCO_V1", "DEFAULT"]
    assert weights["COCO_V1"].class_names[:2] == ["person", "bicycle"]
    assert len(weights["COCO_V1"].class_names) == 90
    assert weights["COCO_V1"].preprocessing["resize"] == "letterbox"


def test_without_a_network_the_file_and_its_place_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("ZOO_OFFLINE", "1")
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(
        ZooError, match=r"ssdlite320_mobilenet_v3_large_coco-a79551df.pth is not on this machine.*fetch"
    ):
        resolve_weights("COCO_V1", model="ssdlite320_mobilenet_v3_large")


def test_rows_of_classes_are_kept_in_every_head_of_a_detector():
    """Anchors × classes rows of SSDLite; a class has four rows for its boxes in Faster R-CNN."""

    class Heads(nn.Module):
        heads = ("scores", "boxes")
        head_layouts = {"scores": HeadLayout(blocks=2, offset=1), "boxes": HeadLayout(offset=1, values=4)}  # noqa: RUF012

        def __init__(self, classes):
            super().__init__()
            self.scores = nn.Linear(1, 2 * (classes + 1))
            self.boxes = nn.Linear(1, 4 * (classes + 1))

    theirs, ours = Heads(3), Heads(2)
    before = ours.state_dict()["scores.bias"].clone()
    source = Source(label="x", state=theirs.state_dict(), class_names=["ant", "bee", "cat"], preprocessing=None)
    report = transfer_weights(ours, source, class_names=["cat", "dog"])
    assert report.new == [
        "scores 3→2 classes, 1 rows kept by name (cat, …)",
        "boxes 3→2 classes, 1 rows kept by name (cat, …)",
    ]
    scores, their_scores = ours.scores.bias.view(2, 3), theirs.scores.bias.view(2, 4)
    assert torch.equal(scores[:, :2], their_scores[:, [0, 3]])
    assert torch.equal(scores[:, 2], before.view(2, 3)[:, 2])
    assert torch.equal(ours.boxes.bias.view(3, 4)[:2], theirs.boxes.bias.view(4, 4)[[0, 3]])


def test_ssdlite_takes_weights_of_other_classes(tmp_path):
    theirs = zoo.create_network("ssdlite320_mobilenet_v3", num_classes=2, image_size=320)
    file = tmp_path / "coco.pth"
    torch.save({name.removeprefix("detector."): value for name, value in theirs.state_dict().items()}, file)
    model = zoo.create_model("ssdlite320_mobilenet_v3", pretrained=str(file), class_names=["cell"], image_size=320)
    ours = model.network.state_dict()
    head = "detector.head.classification_head.module_list.0.1.weight"
    assert torch.equal(ours[head].view(6, 2, -1)[:, 0], theirs.state_dict()[head].view(6, 3, -1)[:, 0])
    stem = "detector.backbone.features.0.0.0.weight"
    assert torch.equal(ours[stem], theirs.state_dict()[stem])


def test_names_of_older_pyramids_are_those_that_torchvision_reads():
    pyramid = FeaturePyramidNetwork([2, 3], 4)
    old = {
        name.replace("_blocks.0.0.", "_blocks.0.").replace("_blocks.1.0.", "_blocks.1."): value + 1
        for name, value in pyramid.state_dict().items()
    }
    assert old.keys().isdisjoint(pyramid.state_dict())
    pyramid.load_state_dict(old)
    name = TorchvisionDetector.published_name
    assert {name(f"backbone.fpn.{key}") for key in old} == {f"detector.backbone.fpn.{k}" for k in pyramid.state_dict()}
    assert name("backbone.fpn.inner_blocks.0.1.weight") == "detector.backbone.fpn.inner_blocks.0.1.weight"
