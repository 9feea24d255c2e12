import pytest
import torch
import torchvision

import zoo
from zoo.errors import ZooError
from zoo.networks.resnet import ResNet
from zoo.networks.yolo import YOLO, SmallDarknet


def test_grids_have_a_vector_for_each_anchor_of_each_cell_in_train_and_eval():
    network = YOLO(backbone=SmallDarknet(), num_classes=3)
    assert network.strides == [8, 16]
    for mode in (True, False):
        grids = network.train(mode)(torch.zeros(2, 3, 64, 96))
        assert [tuple(g.shape) for g in grids] == [(2, 8, 12, 3, 8), (2, 4, 6, 3, 8)]


def test_any_backbone_with_maps_works():
    backbone = ResNet(layers=[1, 1, 1, 1], block="basic", features=["layer2", "layer3", "layer4"])
    network = YOLO(backbone=backbone, width=16, num_classes=2)
    assert network.strides == [8, 16, 32]
    grids = network(torch.zeros(1, 3, 64, 64))
    assert [tuple(g.shape) for g in grids] == [(1, 8, 8, 2, 7), (1, 4, 4, 2, 7), (1, 2, 2, 2, 7)]


def test_probing_leaves_the_backbone_unchanged():
    backbone = SmallDarknet()
    before = {name: value.clone() for name, value in backbone.state_dict().items()}
    YOLO(backbone=backbone)
    assert backbone.training
    assert all(torch.equal(before[name], value) for name, value in backbone.state_dict().items())


def test_initial_objectness_is_low():
    network = YOLO(backbone=SmallDarknet(), num_classes=10).eval()
    grids = network(torch.rand(2, 3, 96, 96))
    assert 0 < torch.cat([g[..., 0].sigmoid().flatten() for g in grids]).mean() < 0.01


def test_anchors_are_in_the_state_dict_and_divide_evenly():
    network = YOLO(backbone=SmallDarknet(), anchors=[[30, 30], [10, 10]])
    assert network.state_dict()["anchors"].tolist() == [[[10, 10]], [[30, 30]]]
    message = r"`anchors` \(=3 of them\) must divide evenly over 2 strides: choose data.anchors or data.num_anchors"
    with pytest.raises(ZooError, match=message):
        YOLO(backbone=SmallDarknet(), anchors=[[1, 1], [2, 2], [3, 3]])


def test_sides_must_be_multiples_of_the_largest_stride():
    with pytest.raises(ZooError, match="multiples of 16 pixels, not 40×64"):
        YOLO(backbone=SmallDarknet())(torch.zeros(1, 3, 40, 64))


def test_a_backbone_without_maps_is_rejected():
    with pytest.raises(ZooError, match="give it `features`"):
        YOLO(backbone=ResNet(layers=[1, 1, 1, 1], block="basic"))
    with pytest.raises(ZooError, match="each must be twice"):
        YOLO(backbone=ResNet(layers=[1, 1, 1, 1], block="basic", features=["layer1", "layer3"]))


def test_weights_of_a_classifier_go_into_the_backbone(tmp_path):
    torch.manual_seed(0)
    published = torchvision.models.resnet50(weights=None).eval()
    torch.save(published.state_dict(), tmp_path / "resnet50.pth")
    model = zoo.create_model("yolo_resnet50", num_classes=4, pretrained=str(tmp_path / "resnet50.pth")).eval()
    images = torch.rand(1, 3, 64, 64)
    stem = published.maxpool(published.relu(published.bn1(published.conv1(images))))
    torch.testing.assert_close(model.network.backbone(images)["layer2"], published.layer2(published.layer1(stem)))
    assert [tuple(g.shape[1:]) for g in model.network(images)] == [(8, 8, 2, 9), (4, 4, 2, 9), (2, 2, 2, 9)]


@pytest.mark.parametrize(
    "options",
    [
        {"widths": [8, 16], "depths": [0], "maps": 1},
        {"widths": [8, 16], "depths": [0, 0], "maps": 0},
        {"widths": [8, 16], "depths": [0, 0], "maps": 3},
    ],
)
def test_widths_depths_and_maps_must_agree(options):
    with pytest.raises(ZooError, match="must have one entry for each stage"):
        SmallDarknet(**options)
