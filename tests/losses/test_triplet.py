import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.losses.miners import BatchHard, Curriculum, SemiHard
from zoo.losses.triplet import TripletLoss, triplet_loss
from zoo.ops import triplets
from zoo.ops.distances import pairwise_squared_distances
from zoo.ops.triplets import positive_pairs


def batch(rows=24, size=6, kinds=5, seed=0):
    torch.manual_seed(seed)
    vectors = nn.functional.normalize(torch.randn(rows, size, dtype=torch.float64), dim=1)
    return vectors.requires_grad_(), torch.arange(rows) % kinds


def all_triplets(identities):
    """Rows of every anchor, positive and negative."""
    anchors, positives = positive_pairs(identities).T
    pair, negatives = (identities[anchors, None] != identities).nonzero().T
    return anchors[pair], positives[pair], negatives


def gradient(value, at):
    (found,) = torch.autograd.grad(value, at, retain_graph=True)
    return found


def test_equals_torch():
    vectors, identities = batch()
    a, p, n = (vectors[rows] for rows in all_triplets(identities))
    ours = triplet_loss(a, p, n, margin=0.7, squared=False)
    theirs = nn.TripletMarginLoss(margin=0.7, p=2, eps=0, reduction="none")(a, p, n)
    torch.testing.assert_close(ours, theirs)
    torch.testing.assert_close(gradient(ours.mean(), vectors), gradient(theirs.mean(), vectors))


def test_squared_equals_torch_with_that_distance():
    vectors, identities = batch()
    a, p, n = (vectors[rows] for rows in all_triplets(identities))
    oracle = nn.TripletMarginWithDistanceLoss(distance_function=lambda x, y: ((x - y) ** 2).sum(1), margin=0.2)
    ours = triplet_loss(a, p, n, margin=0.2).mean()
    torch.testing.assert_close(ours, oracle(a, p, n))
    torch.testing.assert_close(gradient(ours, vectors), gradient(oracle(a, p, n), vectors))


@pytest.mark.parametrize("squared", [True, False])
@pytest.mark.parametrize("average", ["active", "mined"])
def test_all_equals_the_naive_mean(squared, average):
    vectors, identities = batch()
    values = triplet_loss(*(vectors[r] for r in all_triplets(identities)), margin=0.2, squared=squared)
    expected = values.sum() / ((values > 0).sum() if average == "active" else len(values))
    found = TripletLoss(margin=0.2, miner=None, average=average, squared=squared)(vectors, identities)
    torch.testing.assert_close(found.value, expected)
    assert (int(found.active), int(found.total)) == (int((values > 0).sum()), len(values))
    torch.testing.assert_close(gradient(found.value, vectors), gradient(expected, vectors))


@pytest.mark.parametrize("miner", [SemiHard(), BatchHard(), Curriculum()])
def test_mined_value_and_gradient_are_those_of_the_mined_triplets(miner):
    vectors, identities = batch()
    loss = TripletLoss(margin=0.2, miner=miner)
    triplets = loss.mine(miner, vectors, identities, 0.8)
    assert len(triplets.anchors) > 0
    total = sum(
        (((vectors[a] - vectors[p]) ** 2).sum() - ((vectors[a] - vectors[n]) ** 2).sum() + 0.2).clamp_min(0)
        for a, p, n in zip(*triplets, strict=True)
    )
    found = loss(vectors, identities, 0.8)
    torch.testing.assert_close(found.value * found.active, total)
    torch.testing.assert_close(gradient(found.value * found.active, vectors), gradient(total, vectors))


@pytest.mark.parametrize("miner", [None, SemiHard(), BatchHard(), Curriculum()])
@pytest.mark.parametrize("identities", [[0, 1, 2, 3], [0, 0, 0, 0]])
def test_no_valid_triplet_is_a_zero_loss_with_a_graph(miner, identities):
    vectors, _ = batch(rows=4)
    found = TripletLoss(margin=0.2, miner=miner)(vectors, torch.tensor(identities))
    assert found.value == 0
    assert found.total == 0
    assert torch.equal(gradient(found.value, vectors), torch.zeros_like(vectors))


@pytest.mark.parametrize("miner", [None, BatchHard()])
def test_collapsed_embedding_has_loss_margin_and_a_finite_gradient(miner):
    vectors = torch.ones(6, 3, requires_grad=True)
    found = TripletLoss(margin=0.2, miner=miner, squared=False)(vectors, torch.tensor([0, 0, 1, 1, 2, 2]))
    torch.testing.assert_close(found.value, torch.tensor(0.2))
    assert torch.isfinite(gradient(found.value, vectors)).all()


def test_curriculum_goes_from_semi_hard_to_hardest():
    vectors, identities = batch()
    distances = pairwise_squared_distances(vectors, vectors).detach()
    miner = Curriculum(hard_from=0.4)
    assert [miner.hardness(p) for p in (0.0, 0.4, 0.7, 1.0)] == pytest.approx([0, 0, 0.5, 1])
    semi_hard = SemiHard()(distances, identities, margin=0.2, progress=0.2)
    for ours, theirs in zip(miner(distances, identities, margin=0.2, progress=0.2), semi_hard, strict=True):
        assert torch.equal(ours, theirs)
    anchors, _, negatives = miner(distances, identities, margin=0.2, progress=1.0)
    other = distances.masked_fill(identities[:, None] == identities[None], torch.inf)
    torch.testing.assert_close(distances[anchors, negatives], other[anchors].amin(1))


@pytest.mark.parametrize("squared", [True, False])
def test_a_miner_sees_distances_in_the_form_of_the_margin(squared):
    vectors, identities = batch()
    expected = triplets.semi_hard_triplets(
        pairwise_squared_distances(vectors, vectors).pow(1 if squared else 0.5), identities, margin=0.2
    )
    found = TripletLoss(margin=0.2, miner=SemiHard(), squared=squared).mine(SemiHard(), vectors, identities, 0.0)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(found, expected, strict=True))


def test_roots_change_no_ranks():
    vectors, identities = batch()
    found = [
        TripletLoss(margin=0.2, miner=BatchHard(), squared=s).mine(BatchHard(), vectors, identities, 0.0)
        for s in (True, False)
    ]
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(*found, strict=True))


def test_easier_negatives_are_semi_hard():
    loss = TripletLoss(margin=0.2, miner=BatchHard())
    loss.use_easier_negatives()
    assert isinstance(loss.miner, SemiHard)


def test_rotating_all_embeddings_changes_nothing():
    vectors, identities = batch()
    rotation, _ = torch.linalg.qr(torch.randn(6, 6, dtype=torch.float64))
    loss = TripletLoss(margin=0.2, miner=SemiHard())
    torch.testing.assert_close(loss(vectors @ rotation, identities).value, loss(vectors, identities).value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"margin": -1.0, "miner": None}, r"`margin` \(=-1.0\) must be positive"),
        (
            {"margin": 0.2, "miner": None, "average": "sum"},
            r"`average` \(=sum\) must be one of active, mined",
        ),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(ZooError, match=message):
        TripletLoss(**arguments)


def test_a_curriculum_begins_within_training():
    with pytest.raises(ZooError, match=r"`hard_from` \(=1.0\) must be a fraction"):
        Curriculum(hard_from=1.0)
