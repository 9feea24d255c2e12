import math

import pytest
import torch
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses import contrastive
from zoo.losses.contrastive import ContrastiveLoss, VerificationLoss


def batch(rows=12, kinds=4):
    torch.manual_seed(0)
    vectors = F.normalize(torch.randn(rows, 5, dtype=torch.float64), dim=1)
    return vectors.requires_grad_(), torch.arange(rows) % kinds


def naive(vectors, identities, positive_cost, negative_cost):
    same, different = [], []
    for i in range(len(vectors)):
        for j in range(i):
            if identities[i] == identities[j]:
                same.append(positive_cost(vectors[i], vectors[j]))
            else:
                different.append(negative_cost(vectors[i], vectors[j]))
    return (torch.stack(same).mean() + torch.stack(different).mean()) / 2


def test_contrastive_equals_the_naive_loop():
    vectors, identities = batch()
    expected = naive(
        vectors,
        identities,
        lambda x, y: (x - y).norm() ** 2,
        lambda x, y: max(1.2 - (x - y).norm(), torch.zeros((), dtype=torch.float64)) ** 2,
    )
    found = ContrastiveLoss(margin=1.2)(vectors, identities)
    torch.testing.assert_close(found.value, expected)
    ours, theirs = (torch.autograd.grad(v, vectors)[0] for v in (found.value, expected))
    torch.testing.assert_close(ours, theirs)
    assert found.total == 12 * 11 / 2


def test_verification_head_equals_a_logistic_unit_over_absolute_differences():
    vectors, identities = batch()
    vectors = vectors.float().detach()
    loss = VerificationLoss(size=5)

    def logit(x, y):
        return loss.bias - (loss.weight * (x - y).abs()).sum()

    one, zero = torch.tensor(1.0), torch.tensor(0.0)
    expected = naive(
        vectors,
        identities,
        lambda x, y: F.binary_cross_entropy_with_logits(logit(x, y), one),
        lambda x, y: F.binary_cross_entropy_with_logits(logit(x, y), zero),
    )
    found = loss(vectors, identities).value
    torch.testing.assert_close(found, expected)
    found.backward()
    assert all(torch.isfinite(p.grad).all() and p.grad.abs().sum() > 0 for p in loss.parameters())


def test_verification_distances_of_many_are_taken_in_blocks(monkeypatch):
    vectors, loss, sizes = torch.randn(20, 5), VerificationLoss(size=5), []
    expected = loss.distances(vectors, vectors)
    monkeypatch.setattr(contrastive, "BLOCK", 300)
    absolute = torch.Tensor.abs
    monkeypatch.setattr(torch.Tensor, "abs", lambda x: sizes.append(x.numel()) or absolute(x))
    torch.testing.assert_close(loss.distances(vectors, vectors), expected)
    assert sizes == [300] * 6 + [200]


@pytest.mark.parametrize("weights", [torch.float32, torch.bfloat16])
def test_verification_distances_stay_in_float32(weights):
    vectors, loss = torch.randn(20, 5).to(weights), VerificationLoss(size=5).to(weights)
    expected = (vectors.float()[:, None] - vectors.float()).abs() @ loss.weight.float() - loss.bias
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = loss.distances(vectors, vectors)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("loss", [ContrastiveLoss(margin=1.0), VerificationLoss(size=3)])
def test_equal_vectors_have_a_finite_gradient(loss):
    vectors = torch.ones(4, 3, requires_grad=True)
    found = loss(vectors, torch.tensor([0, 0, 1, 1])).value
    found.backward()
    assert math.isfinite(found.item())
    assert torch.isfinite(vectors.grad).all()


@pytest.mark.parametrize("identities", [[0], [0, 1, 2], [0, 0, 0]])
def test_one_kind_of_pair_alone_gives_no_nan(identities):
    vectors = F.normalize(torch.randn(len(identities), 3), dim=1).requires_grad_()
    found = ContrastiveLoss(margin=1.0)(vectors, torch.tensor(identities)).value
    found.backward()
    assert torch.isfinite(vectors.grad).all()


def test_margin_must_be_positive():
    with pytest.raises(ZooError, match=r"`margin` \(=0\.0\) must be positive"):
        ContrastiveLoss(margin=0.0)


def test_active_pairs_have_a_positive_cost():
    """On a line: two of one identity at 0 and 0.5, one of another at 0.9; the margin is 1."""
    vectors, identities = torch.tensor([[0.0], [0.5], [0.9]]), torch.tensor([0, 0, 1])
    found = ContrastiveLoss(margin=1.0)(vectors, identities)
    assert (int(found.active), int(found.total)) == (3, 3)
    loss = ContrastiveLoss(margin=0.6)(vectors, identities)
    assert (int(loss.active), int(loss.total)) == (2, 3)
    solved = ContrastiveLoss(margin=0.3)(torch.tensor([[0.0], [0.0], [0.9]]), identities)
    assert (int(solved.active), int(solved.total)) == (0, 3)


def test_every_pair_of_a_logistic_unit_is_active():
    found = VerificationLoss(size=1)(torch.tensor([[0.0], [0.5], [0.9]]), torch.tensor([0, 0, 1]))
    assert (int(found.active), int(found.total)) == (3, 3)
