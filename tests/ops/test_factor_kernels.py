"""The compiled kernels against formulas, autograd and plain loops."""

import numpy as np
import pytest
import torch

pytest.importorskip("numba")

from zoo.losses import ratings as losses
from zoo.ops import factor_kernels
from zoo.ops.factor_kernels import sweep, sweep_pairs

ALL = [
    losses.SquaredError,
    losses.AbsoluteError,
    losses.GeneralizedKL,
    losses.Logistic,
    losses.Hinge,
    losses.SquaredHinge,
]
RATE, USERS, ITEMS = 0.05, 7, 5
FACTORS = (6, 8, 21, 27)
"""Below one vector of lanes, one, two and a rest, three and a rest."""


def tables(seed: int, dtype=np.float64):
    """Factors, biases and accumulators of all rows; the number of factors changes with the seed."""
    generator, factors = np.random.default_rng(seed), FACTORS[seed % 4]
    p, q = generator.random((USERS, factors)), generator.random((ITEMS, factors))
    b, c = generator.random(USERS) - 0.5, generator.random(ITEMS) - 0.5
    sums = [1 + generator.random(n) for n in (USERS, ITEMS, USERS, ITEMS)]
    return [values.astype(dtype) for values in (p, q, b, c, *sums)]


def entries(count: int, seed: int, labels: bool, dtype=np.float64):
    generator = np.random.default_rng(seed)
    ratings = generator.choice([-1.0, 1.0], count) if labels else generator.integers(0, 6, count).astype(dtype)
    pairs = generator.integers(0, USERS, count), generator.integers(0, ITEMS, count)
    return (*(each.astype(np.int32) for each in pairs), ratings.astype(dtype))


def autograd_update(loss, values, user, item, rating, *, biased: bool, nonnegative: bool, mean: float):
    """One AdaGrad update by autograd; L1 by its proximal step and the clamp afterwards."""
    p, q, b, c, gp, gq, gb, gc = (torch.from_numpy(each.copy()) for each in values)
    leaves = [each.requires_grad_() for each in (p, q, b, c)]
    score = p[user] @ q[item] + mean + (b[user] + c[item] if biased else 0)
    total = loss.each(score[None], torch.tensor([rating]))[0]
    total = total + loss.l2 / 2 * p[user].square().sum() + loss.item_l2 / 2 * q[item].square().sum()
    if biased:
        total = total + loss.l2 / 2 * b[user].square() + loss.item_l2 / 2 * c[item].square()
    gradients = torch.autograd.grad(total, leaves, allow_unused=True)
    with torch.no_grad():
        for value, gradient, sums, row, l1 in zip(
            leaves, gradients, (gp, gq, gb, gc), (user, item, user, item), (loss.l1, loss.item_l1, 0, 0), strict=True
        ):
            if gradient is None:
                continue
            step = RATE / sums[row].sqrt()
            new = value[row] - step * gradient[row]
            if value.ndim == 2:
                new = new.sign() * (new.abs() - step * l1).clamp(min=0)
                new = new.clamp(min=0) if nonnegative else new
            value[row] = new
            sums[row] += gradient[row].square().mean()
    return [each.detach().numpy() for each in (p, q, b, c, gp, gq, gb, gc)]


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("biased", "nonnegative", "l1"), [(True, False, 0.0), (False, True, 0.3), (True, False, 0.3)])
def test_one_update_equals_autograd_and_the_formula(kind, biased, nonnegative, l1):
    loss = kind(l2=0.1, l1=l1, item_l2=0.2, item_l1=l1 / 2)
    rates = np.array([RATE, loss.l1, loss.item_l1, loss.l2, loss.item_l2])
    for number in range(20):
        values = tables(number)
        users, items, ratings = entries(1, number, kind.labels)
        expected = autograd_update(
            loss, values, users[0], items[0], ratings[0], biased=biased, nonnegative=nonnegative, mean=0.25
        )
        sweep(users, items, ratings, 0, 1, *values, (biased, nonnegative), kind.code, 0.25, rates)
        for ours, theirs in zip(values, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ALL)
def test_slopes_are_minus_the_derivatives(kind):
    loss = kind(l2=0.0, l1=0.0)
    scores = torch.tensor([0.3, 0.7, 1.4, 2.5], dtype=torch.float64, requires_grad=True)
    ratings = torch.tensor([1.0, -1.0, 1.0, -1.0] if kind.labels else [1.0, 3.0, 0.0, 2.0], dtype=torch.float64)
    (gradient,) = torch.autograd.grad(loss.each(scores, ratings).sum(), scores)
    torch.testing.assert_close(loss.slope(scores, ratings), -gradient, rtol=0, atol=1e-14)
    if kind is losses.SquaredError:  # a part of `sweep`
        return
    for score, rating, value, slope in zip(
        scores.tolist(), ratings.tolist(), loss.each(scores, ratings).tolist(), (-gradient).tolist(), strict=True
    ):
        np.testing.assert_allclose(factor_kernels.slope(kind.code, score, rating), (slope, value), rtol=0, atol=1e-14)


def test_one_pairwise_update_equals_autograd():
    loss = losses.PairwiseLogistic(l2=0.1, l1=0.0)
    p, q, _, c, gp, gq, _, gc = tables(0)
    users, items = np.array([2], np.int32), np.array([1], np.int32)
    before = [each.copy() for each in (p, q, c, gp, gq, gc)]
    rates = np.array([RATE, 0.0, 0.0, 0.1, 0.1])
    sweep_pairs(users, items, 0, 1, 0, 5, p, q, c, gp, gq, gc, (True, False), rates, 3)
    (rival,) = [row for row in range(ITEMS) if row != 1 and (q[row] != before[1][row]).any()]
    p0, q0, c0 = (torch.from_numpy(each).requires_grad_() for each in before[:3])
    margin = p0[2] @ (q0[1] - q0[rival]) + c0[1] - c0[rival]
    total = loss(margin[None], torch.ones(1)) + 0.05 * p0[2].square().sum()
    total = total + sum(0.05 * (q0[row].square().sum() + c0[row].square()) for row in (1, rival))
    gradients = [each.numpy() for each in torch.autograd.grad(total, [p0, q0, c0])]
    rows = [[2], [1, rival], [1, rival]]
    for ours, old, sums, gradient, touched in zip((p, q, c), before[:3], before[3:], gradients, rows, strict=True):
        for row in touched:
            expected = old[row] - RATE / np.sqrt(sums[row]) * gradient[row]
            np.testing.assert_allclose(ours[row], expected, rtol=0, atol=1e-12)


def test_a_pass_equals_the_plain_loop_bit_for_bit():
    """One call for all ratings and one call a rating, in single precision."""
    users, items, ratings = entries(500, 0, False, np.float32)
    whole, single = tables(3, np.float32), tables(3, np.float32)
    rates = np.array([RATE, 0.0, 0.0, 0.1, 0.1], np.float32)
    sweep(users, items, ratings, 0, 500, *whole, (True, False), 0, 3.0, rates)
    for n in range(500):
        sweep(users, items, ratings, n, n + 1, *single, (True, False), 0, 3.0, rates)
    for ours, theirs in zip(whole, single, strict=True):
        assert np.array_equal(ours, theirs)


def test_a_pass_follows_the_interpreted_loop():
    """The same source in the interpreter, in double precision."""
    users, items, ratings = entries(60, 0, False)
    ours, theirs = tables(3), tables(3)
    rates = np.array([RATE, 0.0, 0.0, 0.1, 0.1])
    sweep(users, items, ratings, 0, 60, *ours, (True, False), 0, 3.0, rates)
    for n in range(60):
        values = [each.copy() for each in theirs]
        theirs = autograd_update(
            losses.SquaredError(l2=0.1, l1=0.0), values, users[n], items[n], ratings[n],
            biased=True, nonnegative=False, mean=3.0,
        )  # fmt: skip
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-11)


def test_kernels_have_few_signatures():
    precisions = {(each[5].dtype, each[2].dtype) for each in sweep.signatures}  # of factors and ratings
    assert len(sweep.signatures) == len(precisions), "each compilation takes seconds"
