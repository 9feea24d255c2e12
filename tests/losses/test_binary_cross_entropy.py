"""Binary cross-entropy of classifiers, beside that of timm."""

import pytest
import torch
from timm.loss import BinaryCrossEntropy as Theirs

from zoo.errors import ZooError
from zoo.losses.binary_cross_entropy import BinaryCrossEntropy

LOGITS = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("smoothing", "threshold"), [(0.0, None), (0.1, None), (0.1, 0.2)])
def test_it_is_the_loss_of_timm(smoothing, threshold):
    ours = BinaryCrossEntropy(label_smoothing=smoothing, threshold=threshold)
    theirs = Theirs(smoothing=smoothing, target_threshold=threshold)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    torch.testing.assert_close(ours(LOGITS, labels), theirs(LOGITS, labels))


def test_with_a_threshold_both_classes_of_a_mixed_image_are_present():
    mixed = torch.tensor([[0.3, 0.7, 0.0, 0.0]] * 6)
    both = torch.tensor([[1.0, 1.0, 0.0, 0.0]] * 6)
    torch.testing.assert_close(BinaryCrossEntropy(threshold=0.2)(LOGITS, mixed), BinaryCrossEntropy()(LOGITS, both))


@pytest.mark.parametrize(
    ("options", "name"), [({"label_smoothing": 1.0}, "label_smoothing"), ({"threshold": -1}, "threshold")]
)
def test_bad_input(options, name):
    with pytest.raises(ZooError, match=rf"`{name}` .* must lie in"):
        BinaryCrossEntropy(**options)
