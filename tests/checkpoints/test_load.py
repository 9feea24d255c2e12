import pickle

import pytest
import torch

from zoo.checkpoints.load import load, read
from zoo.errors import ZooError
from zoo.run.create import create_model
from zoo.tensor_files.read import read_tensors


@pytest.fixture
def saved(tmp_path):
    model = create_model("lenet5", num_classes=3)
    model.card = {"class_names": ["a", "b", "c"]}
    checkpoint = {"state_dict": model.state_dict()}
    model.on_save_checkpoint(checkpoint)
    path = tmp_path / "model.ckpt"
    torch.save(checkpoint, path)
    return model, checkpoint, path


def test_a_model_comes_back_from_the_file_alone(saved):
    model, _, path = saved
    loaded = load(path)
    images = torch.randn(2, 1, 32, 32)
    assert torch.equal(loaded(images), model(images))
    assert loaded.card == model.card
    assert loaded.config == model.config
    assert not loaded.training


def test_a_missing_file(tmp_path):
    with pytest.raises(ZooError, match="nothing.ckpt does not exist"):
        load(tmp_path / "nothing.ckpt")


@pytest.mark.parametrize("kept", [0, 10, 0.3, 0.9])
def test_a_file_cut_short(saved, kept):
    _, _, path = saved
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content)) if isinstance(kept, float) else kept])
    with pytest.raises(ZooError, match="model.ckpt (cannot be read: it is cut short or damaged|is refused)"):
        load(path)


class _Hostile:
    def __reduce__(self):
        return (print, ("this code ran",))


@pytest.mark.parametrize("save", [torch.save, lambda what, path: path.write_bytes(pickle.dumps(what))])
def test_a_pickle_that_would_run_code_does_not(tmp_path, capsys, save):
    path = tmp_path / "hostile.ckpt"
    save({"state_dict": _Hostile()}, path)
    with pytest.raises(
        ZooError, match="hostile.ckpt is refused: it is no checkpoint, or holds code instead of weights"
    ):
        read_tensors(path)
    assert "this code ran" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("os.system", r"wants to build os.system: only zoo's own classes are built$"),
        ("zoo.run.export.torch", "is no class or function"),
        ("zoo.config.compose.compose", "wants to build zoo.config.compose.compose, which is no network, loss or task"),
        ("zoo.data.images.digits.Digits", "which is no network, loss or task"),
    ],
)
def test_a_configuration_that_would_run_code_does_not(saved, target, message):
    _, checkpoint, path = saved
    checkpoint["zoo"]["model"] = checkpoint["zoo"]["model"] | {"network": {"_target_": target, "command": "false"}}
    torch.save(checkpoint, path)
    with pytest.raises(ZooError, match=message):
        load(path)


def test_a_package_that_is_trusted_is_built(saved, tmp_path, monkeypatch):
    _, checkpoint, path = saved
    (tmp_path / "trusted_here.py").write_text("from zoo.networks.lenet import LeNet5\nclass Mine(LeNet5): pass\n")
    monkeypatch.syspath_prepend(tmp_path)
    checkpoint["zoo"]["model"]["network"]["_target_"] = "trusted_here.Mine"
    torch.save(checkpoint, path)
    with pytest.raises(ZooError, match="only zoo's own classes"):
        load(path)
    assert type(load(path, trust=["trusted_here"]).network).__name__ == "Mine"


def test_bare_weights_are_told_apart(tmp_path):
    torch.save({"weight": torch.zeros(1)}, tmp_path / "weights.pth")
    with pytest.raises(ZooError, match="is no checkpoint of the zoo; to start from bare weights use pretrained="):
        read(tmp_path / "weights.pth")


@pytest.mark.parametrize("other", [1, 99])
def test_a_format_of_another_version(saved, other):
    _, checkpoint, path = saved
    checkpoint["zoo"]["format"] = other
    torch.save(checkpoint, path)
    with pytest.raises(ZooError, match=f"has checkpoint format {other}; this version reads 2: load it with"):
        read(path)


def test_weights_that_do_not_fit_the_configuration(saved):
    _, checkpoint, path = saved
    checkpoint["state_dict"].pop("network.classifier.5.bias")
    torch.save(checkpoint, path)
    with pytest.raises(ZooError, match="its weights do not fit its own configuration"):
        load(path)
