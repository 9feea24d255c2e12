"""Networks of timm, where it is installed."""

import numpy as np
import pytest
import torch
from bad_input import QUICK
from small_runs import LIMITS

import zoo
from zoo.config.listing import CONFIG_DIR
from zoo.errors import ZooError
from zoo.networks.timm import Timm

pytest.importorskip("timm")
pytestmark = pytest.mark.filterwarnings("ignore")  # timm's own


def test_classes_and_channels_are_those_of_the_data():
    network = Timm(architecture="resnet10t", num_classes=5, in_channels=1)
    assert network(torch.rand(2, 1, 64, 64)).shape == (2, 5)


def test_what_timm_lacks_is_named():
    with pytest.raises(ZooError, match="`architecture` .=resnet10x. is no network of timm"):
        Timm(architecture="resnet10x")
    with pytest.raises(ZooError, match="`options` .*unexpected keyword argument 'wid'"):
        Timm(architecture="resnet10t", options={"wid": 3})


@pytest.mark.slow
def test_two_lines_of_yaml_train_load_predict_and_export(command, tmp_path):
    (tmp_path / "model").mkdir()
    whole = (CONFIG_DIR / "model" / "lenet5.yaml").read_text(encoding="utf-8")
    two = "    _target_: zoo.networks.timm.Timm\n    architecture: resnet10t\n"
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
