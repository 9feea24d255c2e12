import math

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from sklearn.metrics import roc_auc_score, roc_curve

from zoo.tasks.embedding.verification import (
    auc,
    best_threshold,
    equal_error_rate,
    errors_at,
    folded_accuracy,
    roc,
    tar_at_far,
    ten_folds,
    threshold_at_far,
)


def scores(seed, ties):
    generator = torch.Generator().manual_seed(seed)
    same = torch.rand(300, generator=generator) < 0.3
    distances = torch.randn(300, generator=generator, dtype=torch.float64) + 1.0 * ~same
    return (distances * 4).round() / 4 if ties else distances, same


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("ties", [False, True])
def test_curve_and_area_equal_scikit_learn(seed, ties):
    distances, same = scores(seed, ties)
    curve = roc(distances, same)
    far, tar, thresholds = roc_curve(same.numpy(), -distances.numpy(), drop_intermediate=False)
    np.testing.assert_allclose(curve.far, far)
    np.testing.assert_allclose(curve.tar, tar)
    np.testing.assert_allclose(curve.thresholds[1:], -thresholds[1:])
    assert auc(curve) == pytest.approx(roc_auc_score(same.numpy(), -distances.numpy()))
    for limit in (0.1, 0.01, 0.0):
        assert tar_at_far(curve, limit) == pytest.approx(tar[far <= limit].max())
    steps = np.arange(len(far))
    crossing = brentq(lambda t: np.interp(t, steps, far) + np.interp(t, steps, tar) - 1, 0, steps[-1])
    assert equal_error_rate(curve) == pytest.approx(np.interp(crossing, steps, far))


@pytest.mark.parametrize("ties", [False, True])
def test_threshold_keeps_its_false_accept_rate(ties):
    distances, same = scores(3, ties)
    curve = roc(distances, same)
    for far in (0.0, 0.01, 0.1, 0.5):
        found = errors_at(distances, same, threshold_at_far(curve, far))
        assert found.far <= far
        assert found.tar == pytest.approx(tar_at_far(curve, far))


def test_by_hand():
    distances = torch.tensor([0.1, 0.2, 0.3, 0.4])
    same = torch.tensor([True, False, True, False])
    curve = roc(distances, same)
    assert auc(curve) == 0.75
    assert equal_error_rate(curve) == 0.5
    assert tar_at_far(curve, 0.49) == 0.5
    assert threshold_at_far(curve, 0.0) == pytest.approx(0.15)
    assert errors_at(distances, same, 0.15) == (0.75, 0.0, 0.5)


def test_perfect_and_useless_distances():
    same = torch.arange(10) < 5
    perfect = roc(torch.arange(10.0), same)
    assert (auc(perfect), equal_error_rate(perfect), tar_at_far(perfect, 0.001)) == (1, 0, 1)
    constant = roc(torch.ones(10), same)
    assert (auc(constant), equal_error_rate(constant), tar_at_far(constant, 0.001)) == (0.5, 0.5, 0)


@pytest.mark.parametrize("figure", [tar_at_far, threshold_at_far])
def test_no_false_accept_rate_without_different_pairs(figure):
    assert math.isnan(figure(roc(torch.arange(10.0), torch.ones(10, dtype=torch.bool)), 0.1))


def test_weights_count_pairs_as_often():
    distances, same = scores(1, ties=True)
    counts = torch.arange(300) % 3
    repeated = roc(distances.repeat_interleave(counts), same.repeat_interleave(counts))
    weighted = roc(distances, same, counts)
    assert auc(weighted) == pytest.approx(auc(repeated))
    assert equal_error_rate(weighted) == pytest.approx(equal_error_rate(repeated))


@pytest.mark.parametrize("choose", [lambda d, s: threshold_at_far(roc(d, s), 0.0), best_threshold])
@pytest.mark.parametrize("distance", [1.0, 100.0, 3e5])
@pytest.mark.parametrize("found", range(4))
def test_the_stored_threshold_keeps_out_the_next_distance(choose, distance, found):
    ladder = [torch.tensor(distance)]  # the float32 numbers from `distance` up
    for _ in range(3):
        ladder.append(ladder[-1].nextafter(torch.tensor(torch.inf)))
    distances, same = torch.stack(ladder), torch.arange(4) < found
    stored = torch.tensor(choose(distances, same))
    assert (distances <= stored).tolist() == same.tolist()


def test_best_threshold_has_the_best_accuracy():
    distances, same = scores(2, ties=True)
    best = max(errors_at(distances, same, t).accuracy for t in [-9.0, *(distances + 1e-9).tolist()])
    assert errors_at(distances, same, best_threshold(distances, same)).accuracy == pytest.approx(best)


def test_folds_choose_their_threshold_on_the_others():
    distances = torch.tensor([0.0, 1.0, 0.0, 1.0, 5.0, 6.0])
    same = torch.tensor([True, False, True, False, True, False])
    folds = torch.tensor([0, 0, 1, 1, 2, 2])
    found = folded_accuracy(distances, same, folds)
    assert found.mean == pytest.approx((1 + 1 + 0.5) / 3)  # the third fold gets 0.5 from the others, not its own 5.5
    assert found.thresholds[2] == pytest.approx(0.5)
    assert found.standard_error == pytest.approx(np.std([1, 1, 0.5], ddof=1) / 3**0.5)


def test_ten_folds_of_the_published_pairs_are_the_published_ones():
    same = (torch.arange(6000) % 600) < 300  # each fold: 300 pairs of one person, then 300 of two
    rows, folds = ten_folds(same)
    assert sorted(rows.tolist()) == list(range(6000))
    assert torch.equal(folds, rows // 600)


def test_ten_folds_hold_as_many_pairs_of_either_kind():
    same = torch.rand(5000, generator=torch.Generator().manual_seed(0)) < 0.1
    rows, folds = ten_folds(same)
    assert len(rows) == len(rows.unique()) == 2 * (int(same.sum()) // 10 * 10)
    for fold in range(10):
        inside = rows[folds == fold]
        assert same[inside].float().mean() == 0.5


def test_too_few_pairs_for_ten_folds_give_none():
    rows, folds = ten_folds(torch.tensor([True, False, False]))
    assert len(rows) == len(folds) == 0
