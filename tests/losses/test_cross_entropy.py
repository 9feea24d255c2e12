import math

import pytest
import torch
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy


def test_smoothing_and_weights_by_hand():
    """Two classes, one sample, logits (0, log 3), so probabilities 1/4 and 3/4."""
    logits = torch.tensor([[0.0, math.log(3.0)]])
    target = torch.tensor([1])
    assert CrossEntropy()(logits, target).item() == pytest.approx(-math.log(0.75), abs=1e-6)
    smooth = -0.9 * math.log(0.75) - 0.1 * math.log(0.25)  # 0.2 of the weight is spread over both classes
    assert CrossEntropy(label_smoothing=0.2)(logits, target).item() == pytest.approx(smooth, abs=1e-6)
    both = torch.cat([logits, logits])
    mean = -(1 * math.log(0.25) + 3 * math.log(0.75)) / (1 + 3)  # weighted mean, as scikit-learn weights samples
    weighted = CrossEntropy(class_weights=[1.0, 3.0])(both, torch.tensor([0, 1]))
    assert weighted.item() == pytest.approx(mean, abs=1e-6)


def test_class_probabilities_are_a_target_too():
    logits = torch.randn(6, 4)
    indices = torch.randint(0, 4, (6,))
    soft = CrossEntropy()(logits, F.one_hot(indices, 4).float())
    assert torch.allclose(soft, CrossEntropy()(logits, indices))


def test_extreme_logits_stay_finite():
    logits = torch.tensor([[1e4, -1e4], [-1e4, 1e4]], requires_grad=True)
    loss = CrossEntropy(label_smoothing=0.1)(logits, torch.tensor([1, 1]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(logits.grad).all()


def test_class_weights_are_in_the_state_dict():
    assert CrossEntropy(class_weights=[1.0, 2.0]).state_dict()["class_weights"].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"label_smoothing": 1.0}, r"`label_smoothing` \(=1.0\) must lie in \[0, 1\)"),
        ({"label_smoothing": -0.1}, r"`label_smoothing` \(=-0.1\) must lie in \[0, 1\)"),
        ({"class_weights": [1.0, 0.0]}, r"`class_weights` \(=\[1.0, 0.0\]\) must be positive"),
    ],
)
def test_invalid_values_are_reported(change, message):
    with pytest.raises(ZooError, match=message):
        CrossEntropy(**change)
