"""Recipes that need a GPU or a download, for one step on generated images."""

import json
import shutil

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.models import resnet50

SHORT = [
    *(f"+trainer.limit_{split}_batches=1" for split in ("train", "val", "test")),
    *("trainer.max_epochs=1", "trainer.accelerator=cpu", "trainer.devices=1"),
    *("data.root=flowers", "data.batch_size=4", "data.num_workers=0"),
]


@pytest.fixture
def flowers(tmp_path):
    generator = np.random.default_rng(0)
    for name, level in (("rose", 80), ("tulip", 160)):
        (tmp_path / "flowers" / name).mkdir(parents=True)
        for number in range(16):
            pixels = generator.integers(0, level, (260, 280, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "flowers" / name / f"{number}.jpg")


@pytest.mark.slow
def test_finetune_resnet50(command, tmp_path, flowers):
    torch.save(resnet50(weights=None).state_dict(), tmp_path / "r50.pth")
    ended = command("train", "experiment=finetune_resnet50", "pretrained=r50.pth", *SHORT)
    assert ended.code == 0, ended.err
    assert "loaded: 318 tensors of r50.pth\nnewly initialized: fc 1000→2 classes\nleft over: nothing" in ended.out
    assert "logistic regression on frozen features" in json.loads((ended.run / "metrics.json").read_text())["baselines"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the compiler's own
def test_resnet50_imagenet(command, flowers):
    words = ["experiment=resnet50_imagenet", "trainer.sync_batchnorm=false", "baselines=false", *SHORT]
    compiled = str(shutil.which("g++") is not None).lower()  # without a compiler there is nothing to compile with
    ended = command("train", *words, "trainer.strategy=auto", f"compile={compiled}")
    assert ended.code == 0, ended.err
    assert "precision: bf16-mixed (as requested" in ended.out
    assert "memory layout: channels-last (as requested)" in ended.out
    state = torch.load(ended.run / "checkpoints" / "best.ckpt", weights_only=True)["state_dict"]
    assert not [name for name in state if "_orig_mod" in name]


@pytest.mark.slow
def test_resnet50_a1(command, flowers):
    words = ["experiment=resnet50_a1", "trainer.sync_batchnorm=false", "baselines=false", *SHORT]
    ended = command("train", *words, "trainer.strategy=auto", "compile=false", "model.network.name=test_resnet")
    assert ended.code == 0, ended.err
    checkpoint = torch.load(ended.run / "checkpoints" / "best.ckpt", weights_only=True)
    assert "trust_clip" in checkpoint["optimizer_states"][0]["param_groups"][0]  # of LAMB
    assert checkpoint["zoo"]["card"]["data_config"]["repeats"] == 3


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rate"), [("alexnet", 0.01), ("vgg16_bn", 0.1), ("googlenet", 0.1)])
def test_recipes_of_torchvision(command, flowers, name, rate):
    words = [f"experiment={name}_imagenet", "trainer.sync_batchnorm=false", "baselines=false", *SHORT]
    ended = command("train", *words, "trainer.strategy=auto", "compile=false")
    assert ended.code == 0, ended.err
    groups = torch.load(ended.run / "checkpoints" / "last.ckpt", weights_only=True)["optimizer_states"][0][
        "param_groups"
    ]
    assert {(group["initial_lr"], group["momentum"], group["nesterov"]) for group in groups} == {(rate, 0.9, False)}
    assert {group["weight_decay"] for group in groups} == {1e-4, 0.0}
