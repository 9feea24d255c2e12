"""Published weights and weights from files, with their metadata."""

import warnings
from argparse import Namespace
from collections import defaultdict
from datetime import datetime
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch
from omegaconf import OmegaConf
from PIL import Image
from pytorch_lightning.utilities.parsing import AttributeDict
from safetensors.torch import save_file
from torch import nn
from torchvision import models

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.pretrained.catalog import resolve_weights
from zoo.pretrained.published import published


def test_torchvision_says_address_hash_classes_and_preprocessing() -> None:
    weights = published("resnet50")
    assert sorted(weights) == ["DEFAULT", "IMAGENET1K_V1", "IMAGENET1K_V2"]
    entry, theirs = weights["IMAGENET1K_V2"], models.ResNet50_Weights.IMAGENET1K_V2
    assert (entry.url, entry.sha256) == (theirs.url, "11ad3fa6")
    assert entry.file == Path(torch.hub.get_dir()) / "checkpoints" / "resnet50-11ad3fa6.pth"
    assert entry.class_names == theirs.meta["categories"]
    assert weights["DEFAULT"].url == entry.url
    assert (entry.preprocessing["size"], round(224 / entry.preprocessing["crop_ratio"])) == (224, 232)
    assert published("lenet5") == {}


@pytest.mark.parametrize("name", ["resnet50", "alexnet", "googlenet", "inception_v3"])
def test_our_preprocessing_equals_theirs(name: str, tmp_path: Path) -> None:
    generator = torch.Generator().manual_seed(0)
    coarse = torch.rand(1, 3, 9, 12, generator=generator)
    smooth = nn.functional.interpolate(coarse, size=(375, 500), mode="bicubic").clamp(0, 1)[0]
    pixels = (smooth * 255).to(torch.uint8)
    Image.fromarray(pixels.permute(1, 2, 0).numpy()).save(tmp_path / "photo.png")
    theirs = models.get_model_weights(name).DEFAULT.transforms()(pixels)
    if name in ("googlenet", "inception_v3"):  # theirs does the rest in the network
        network = getattr(models, name)(weights=None, init_weights=False, transform_input=True)
        theirs = network._transform_input(theirs[None])[0]
    preprocessing = Preprocessing.from_dict(published(name)["DEFAULT"].preprocessing)
    ours = preprocessing.normalize(preprocessing.read(tmp_path / "photo.png")[None])[0]
    assert ours.shape == theirs.shape
    assert (ours - theirs).abs().max() < 0.02  # a step of one byte is 0.017


def test_unknown_name_lists_those_that_exist() -> None:
    with pytest.raises(ZooError, match=r"IMAGENET1K_V3.*IMAGENET1K_V2"):
        resolve_weights("IMAGENET1K_V3", model="resnet50")
    with pytest.raises(ZooError, match=r"alexnet_2012 has no weights by name: give a file, a folder or an address"):
        resolve_weights("DEFAULT", model="alexnet_2012")
    with pytest.raises(ZooError, match=r"`pretrained` \(=no/such.pth\): there is no such file"):
        resolve_weights("no/such.pth", model="resnet50")


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod.", "network."])
@pytest.mark.parametrize("wrapped", ["state_dict", "model", "model_state_dict", "net", "ema", None])
def test_prefixes_and_wrappings(prefix: str, wrapped: str | None, tmp_path: Path) -> None:
    state = {f"{prefix}conv.weight": torch.ones(1), f"{prefix}fc.bias": torch.zeros(2)}
    torch.save({wrapped: state, "epoch": 3} if wrapped else state, tmp_path / "net.pth")
    assert list(resolve_weights(tmp_path / "net.pth", model="resnet50").state) == ["conv.weight", "fc.bias"]


def test_numbers_settings_and_a_loss_beside_the_weights(tmp_path: Path) -> None:
    state = {"model.fc.bias": torch.ones(2), "criterion.weight": torch.ones(5)}
    settings = Namespace(lr=0.1, folder=Path("a"))
    content = {"checkpoint": 3, "model": {"state_dict": state}, "best": np.float64(76.1), "args": settings}
    torch.save(content, tmp_path / "net.pth")
    source = resolve_weights(tmp_path / "net.pth", model="resnet50")
    assert source.state.keys() == {"fc.bias"}
    assert source.left_out == ["criterion.weight"]


def test_averaged_weights_beside_the_last_ones_are_named(tmp_path: Path) -> None:
    last, averaged = {"fc.bias": torch.ones(2)}, {"fc.bias": torch.zeros(2)}
    torch.save({"state_dict": last, "state_dict_ema": averaged, "optimizer": {"state": {}}}, tmp_path / "net.pth")
    source = resolve_weights(tmp_path / "net.pth", model="resnet50")
    assert source.state["fc.bias"].sum() == 2
    assert source.left_out == ["state_dict_ema"]


def test_nested_averaged_weights_are_named_too(tmp_path: Path) -> None:
    last, averaged = {"fc.bias": torch.ones(2)}, {"fc.bias": torch.zeros(2)}
    torch.save({"model": last, "ema": {"shadow": averaged, "decay": 0.99}}, tmp_path / "net.pth")
    source = resolve_weights(tmp_path / "net.pth", model="resnet50")
    assert source.state["fc.bias"].sum() == 2
    assert source.left_out == ["ema"]


def test_files_of_another_kind_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "net.npz", weight=np.ones(2))
    with pytest.raises(ZooError, match="net.npz is an archive of NumPy arrays: save a dictionary of tensors"):
        resolve_weights(tmp_path / "net.npz", model="resnet50")
    with warnings.catch_warnings(action="ignore"):  # TorchScript is deprecated; its files remain
        torch.jit.trace(torch.nn.Linear(2, 2), torch.ones(1, 2)).save(str(tmp_path / "net.pt"))
    with pytest.raises(ZooError, match=r"net.pt is a TorchScript file, which holds code"):
        resolve_weights(tmp_path / "net.pt", model="resnet50")
    torch.save({"state_dict": {"a.b": torch.ones(1)}, "x": Fraction(1, 2)}, tmp_path / "net.pth")
    with pytest.raises(ZooError, match=r"code instead of weights \(`fractions.Fraction`\): save model.state_dict\(\)"):
        resolve_weights(tmp_path / "net.pth", model="resnet50")


def test_safetensors(tmp_path: Path) -> None:
    save_file = pytest.importorskip("safetensors.torch").save_file
    save_file({"module.fc.bias": torch.arange(3.0)}, tmp_path / "net.safetensors")
    assert torch.equal(resolve_weights(tmp_path / "net.safetensors", model="x").state["fc.bias"], torch.arange(3.0))
    (tmp_path / "net.safetensors").rename(tmp_path / "NET.SAFETENSORS")
    assert resolve_weights(tmp_path / "NET.SAFETENSORS", model="x").state.keys() == {"fc.bias"}
    (tmp_path / "broken.safetensors").write_bytes(b"no")
    with pytest.raises(ZooError, match=r"broken.safetensors cannot be read"):
        resolve_weights(tmp_path / "broken.safetensors", model="x")


def test_a_file_without_weights_is_refused(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "net.pth")
    with pytest.raises(ZooError, match=r"net.pth holds no state dict"):
        resolve_weights(tmp_path / "net.pth", model="resnet50")


@pytest.mark.parametrize("wrapper", ["params_ema", "student", "checkpoint.model.state_dict", "model_state"])
def test_the_only_state_dict_of_a_file_is_found_under_any_name(tmp_path, wrapper):
    content = {"conv.weight": torch.ones(2)}
    for name in reversed(wrapper.split(".")):
        content = {name: content, "optimizer": {"state": {0: {"a.b": torch.ones(1)}}, "param_groups": []}, "epoch": 3}
    torch.save(content, tmp_path / "net.pth")
    assert list(resolve_weights(tmp_path / "net.pth", model="lenet5").state) == ["conv.weight"]


def test_several_state_dicts_are_refused(tmp_path):
    weights = {"conv.weight": torch.ones(2)}
    torch.save({"generator": weights, "discriminator": weights}, tmp_path / "net.pth")
    with pytest.raises(ZooError, match="several state dicts: `generator`, `discriminator`"):
        resolve_weights(tmp_path / "net.pth", model="lenet5")


@pytest.mark.parametrize(
    "beside",
    [
        defaultdict(list, {"loss": [1.0]}),
        datetime(2026, 1, 31),
        frozenset([1]),
        slice(1, 2),
        OmegaConf.create({"lr": 1, "steps": [1, 2]}),
        AttributeDict(lr=1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_scripts_save_beside_weights_is_not_built(tmp_path, beside):
    torch.save({"state_dict": {"conv.weight": torch.ones(2)}, "x": beside}, tmp_path / "net.pth")
    assert list(resolve_weights(tmp_path / "net.pth", model="lenet5").state) == ["conv.weight"]


def test_safetensors_and_pth_are_told_by_their_content(tmp_path):
    weights = {"conv.weight": torch.ones(2)}
    save_file(weights, tmp_path / "net.pth")
    torch.save(weights, tmp_path / "net.safetensors")
    for name in ("net.pth", "net.safetensors"):
        assert list(resolve_weights(tmp_path / name, model="lenet5").state) == ["conv.weight"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<!DOCTYPE html>", "net.pth is a web page: download the file itself"),
        (b"version https://git-lfs.github.com/spec/v1", "net.pth is a pointer of Git LFS"),
        (b"\x1f\x8b\x08", "net.pth is compressed: unpack it"),
    ],
)
def test_what_is_no_file_of_weights_is_named(tmp_path, content, message):
    (tmp_path / "net.pth").write_bytes(content)
    with pytest.raises(ZooError, match=message):
        resolve_weights(tmp_path / "net.pth", model="lenet5")


def test_a_whole_module_is_refused_with_a_remedy(tmp_path):
    torch.save(torch.nn.ReLU(), tmp_path / "net.pth")
    with pytest.raises(
        ZooError, match=r"\(`torch.nn.modules.activation.ReLU`\): save model.state_dict\(\), of tensors alone"
    ):
        resolve_weights(tmp_path / "net.pth", model="lenet5")
