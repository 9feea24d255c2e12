"""Hinge and focal losses against scikit-learn, torch and torchvision."""

import numpy as np
import pytest
import torch
from sklearn.metrics import hinge_loss
from torch.nn import functional as F
from torchvision.ops import sigmoid_focal_loss

from zoo.errors import ZooError
from zoo.losses.focal import FocalCrossEntropy
from zoo.losses.hinge import Hinge

torch.manual_seed(0)
LOGITS = torch.randn(40, 4, dtype=torch.double)
TARGET = torch.arange(40) % 4


def test_hinge_is_scikit_learns_for_several_classes():
    assert Hinge()(LOGITS, TARGET).item() == pytest.approx(hinge_loss(TARGET.numpy(), LOGITS.numpy()), abs=1e-12)


def test_hinge_of_two_classes_is_the_binary_one():
    scores = (LOGITS[:, 1] - LOGITS[:, 0]).numpy()
    signs = np.where(TARGET.numpy() % 2, 1, -1)
    found = Hinge()(LOGITS[:, :2], TARGET % 2).item()
    assert found == pytest.approx(hinge_loss(signs, scores), abs=1e-12)
    squared = Hinge(squared=True)(LOGITS[:, :2], TARGET % 2).item()
    assert squared == pytest.approx(np.square(np.maximum(0, 1 - signs * scores)).mean(), abs=1e-12)


def test_hinge_vanishes_at_the_margin():
    logits = torch.tensor([[2.0, 0.5, 0.0]], requires_grad=True)
    for margin, expected in ((1.0, 0.0), (1.5, 0.0), (2.0, 0.5)):
        assert Hinge(margin=margin)(logits, torch.tensor([0])).item() == pytest.approx(expected)
    Hinge()(logits, torch.tensor([0])).backward()
    assert not logits.grad.any()


def test_focal_loss_without_exponent_is_the_cross_entropy():
    for target in (TARGET, F.one_hot(TARGET, 4).double() * 0.7 + 0.075):
        expected = F.cross_entropy(LOGITS, target)
        torch.testing.assert_close(FocalCrossEntropy(gamma=0)(LOGITS, target), expected)


def test_focal_loss_of_two_classes_is_torchvisions():
    scores, truth = LOGITS[:, 0], (TARGET % 2).double()
    expected = sigmoid_focal_loss(scores, truth, alpha=-1, gamma=2, reduction="mean")
    both = torch.stack([torch.zeros_like(scores), scores], dim=1)
    torch.testing.assert_close(FocalCrossEntropy(gamma=2)(both, TARGET % 2), expected)


@pytest.mark.parametrize("loss", [Hinge(), Hinge(squared=True), FocalCrossEntropy(), FocalCrossEntropy(gamma=0.5)])
def test_gradients_and_extremes(loss):
    assert torch.autograd.gradcheck(lambda logits: loss(logits, TARGET[:8]), LOGITS[:8].clone().requires_grad_())
    extreme = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    value = loss(extreme, torch.tensor([1, 1]))
    value.backward()
    assert value.isfinite()
    assert extreme.grad.isfinite().all()


def test_bad_values():
    with pytest.raises(ZooError, match=r"`margin` \(=0\) must be positive"):
        Hinge(margin=0)
    with pytest.raises(ZooError, match=r"`gamma` \(=-1\) must not be negative"):
        FocalCrossEntropy(gamma=-1)
    with pytest.raises(ZooError, match="leave out augmentations that mix images"):
        Hinge()(LOGITS, F.one_hot(TARGET, 4).double())
