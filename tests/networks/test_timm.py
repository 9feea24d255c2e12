"""Networks of timm beside timm itself; the tiny ones, which timm has for tests."""

import numpy as np
import pytest
import timm
import torch
from bad_input import QUICK
from small_runs import LIMITS
from timm.models import group_parameters

import zoo
from zoo.config.listing import CONFIG_DIR
from zoo.errors import ZooError
from zoo.networks.timm import Timm
from zoo.networks.yolo import YOLO

SIZE = 64


def theirs(name, **options):
    fixed = {"img_size": SIZE} if "vit" in name else {}
    return timm.create_model(name, num_classes=5, **fixed, **options)


def ours(name, **options):
    return Timm(name=name, num_classes=5, image_size=SIZE, **options)


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_logits_are_those_of_timm(name):
    their, our = theirs(name).eval(), ours(name).eval()
    our.backbone.load_state_dict(their.state_dict())
    images = torch.rand(2, 3, SIZE, SIZE)
    assert torch.equal(our(images), their(images))


def test_maps_are_those_of_timm_and_train_all_that_is_left():
    their = theirs("test_convnext", features_only=True, out_indices=(1, 2)).eval()
    our = ours("test_convnext", features=["stages.2", "stages.1"]).eval()
    assert not any(name.startswith(("backbone.stages.3", "backbone.head")) for name in our.state_dict())
    state = {
        name.replace("stages_", "stages.").replace("stem_", "stem."): value
        for name, value in their.state_dict().items()
    }
    our.backbone.load_state_dict(state)
    images = torch.rand(2, 3, SIZE, SIZE)
    maps = our(images)
    assert list(maps) == ["stages.2", "stages.1"]
    for found, expected in zip(reversed(maps.values()), their(images), strict=True):
        assert torch.equal(found, expected)
    sum(found.mean() for found in maps.values()).backward()
    assert not [name for name, parameter in our.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize("name", ["test_resnet", "test_vit"])
def test_stages_are_the_groups_of_timm(name):
    network = ours(name)
    matcher = network.backbone.group_matcher(coarse=True)
    expected = list(group_parameters(network.backbone, matcher).values())
    names = {id(parameter): name for name, parameter in network.backbone.named_parameters()}
    found = [
        {names[id(p)] for module in stage.values() for p in module.parameters()} for stage in network.stages().values()
    ]
    assert found == [set(group) for group in expected[:-1]]  # the last one is the head


def test_a_map_of_a_vision_transformer_suits_yolo():
    yolo = YOLO(backbone=ours("test_vit", features=["blocks.5"]), num_classes=2, anchors=[[8.0, 8.0], [16.0, 16.0]])
    (grid,) = yolo(torch.rand(1, 3, SIZE, SIZE))
    assert grid.shape == (1, 4, 4, 2, 7)
    with pytest.raises(ZooError, match="takes images of 64×64 pixels, not 32×32"):
        yolo(torch.rand(1, 3, 32, 32))


def test_sizes_are_read_without_memory_also_where_they_are_computed():
    with torch.device("meta"):
        network = Timm(name="regnetx_002", num_classes=5)
    assert next(network.parameters()).device.type == "meta"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"name": "resnet10x"},
            r"`name` .=resnet10x. is none of the 1,\d+ networks of timm .*: did you mean resnet10t",
        ),
        ({"name": "hf-hub:timm/resnet10t"}, "is none of the"),
        ({"name": "resnet50.a1_in1k"}, "give name=resnet50 and pretrained=timm/resnet50.a1_in1k"),
        ({"options": {"wid": 3}}, "timm builds no test_resnet with .*unexpected keyword argument 'wid'"),
        ({"options": {"num_classes": 3}}, "`options.num_classes` is given as num_classes here"),
        ({"options": {"checkpoint_path": "/tmp/x.pth"}}, "`options.checkpoint_path` loads or converts a network"),
        ({"options": {"pretrained_cfg": {}}}, "`options.pretrained_cfg` loads or converts a network"),
        ({"options": {"features_only": True}}, "`features` names the maps here"),
        ({"features": ["layer9"]}, "must name layers from: act1, layer1"),
        ({"name": "inception_v3", "checkpointing": True}, "timm has none for inception_v3"),
        ({"name": "test_vit", "image_size": 0}, "`image_size` .=0. must be positive"),
    ],
)
def test_bad_input(options, message):
    with torch.device("meta"), pytest.raises(ZooError, match=message):
        Timm(**{"name": "test_resnet"} | options)


@pytest.mark.slow
def test_two_lines_of_yaml_train_load_predict_and_export(command, tmp_path):
    (tmp_path / "model").mkdir()
    whole = (CONFIG_DIR / "model" / "lenet5.yaml").read_text(encoding="utf-8")
    two = "    _target_: zoo.networks.timm.Timm\n    name: resnet10t\n"
    changed = whole.replace("    _target_: zoo.networks.lenet.LeNet5\n", two)
    assert changed != whole
    (tmp_path / "model" / "mine.yaml").write_text(changed, encoding="utf-8")
    trained = command("train", "--config-dir", str(tmp_path), "model=mine", *QUICK, *LIMITS)
    assert trained.code == 0, trained.err
    checkpoint = trained.run / "checkpoints" / "best.ckpt"
    image = np.random.default_rng(0).integers(0, 255, (32, 32), dtype=np.uint8)
    (found,) = zoo.predict(checkpoint, image, probabilities=True)
    assert isinstance(zoo.load(checkpoint).network, Timm)
    assert sum(found.probabilities.values()) == pytest.approx(1, abs=1e-5)
    exported = command("export", f"checkpoint={checkpoint}", "format=torch_export")
    assert exported.code == 0, exported.err
    assert "outputs match the network's" in exported.out
