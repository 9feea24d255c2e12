"""Compiled SGD over observed ratings, with per-row AdaGrad (numba, extra `ratings`).

Source: Chin et al., "A Learning-rate Schedule for Stochastic Gradient Methods to Matrix Factorization", 2015, and
LIBMF. The mean squared gradient of a row is expanded into the products p·q, p·p and q·q, which one loop over the
factors computes; that halves the time of the plain form. One accumulator per row: LIBMF's twin learners are left out.

The kernels release the GIL. Two of them may run at once on ratings that share no user and no item.
"""

import math
from typing import Any, no_type_check

import numpy as np
from numba import njit

from zoo.ops.lanes import LANES, add_product, add_up, combine, load, store, zeros

SQUARED, ABSOLUTE, KL, LOGISTIC, HINGE, SQUARED_HINGE = range(6)

_OPTIONS: dict[str, Any] = {"nogil": True, "fastmath": True, "error_model": "numpy"}


def compiled(function: Any) -> Any:
    """Compiles at the first call, and keeps the machine code on disk where a folder for it can be written.

    numba tries the folder of this file, then the user's cache folder; NUMBA_CACHE_DIR names another one.
    """
    try:
        return njit(cache=True, **_OPTIONS)(function)
    except RuntimeError:  # no such folder: every process compiles anew
        return njit(**_OPTIONS)(function)


@compiled
@no_type_check
def slope(code, score, rating):
    """Minus the derivative of a loss by the score, and the loss itself, in double precision.

    Not of the squared error: `sweep` computes it without conversions, which delay each update by a tenth.
    """
    margin = rating * score
    if code == ABSOLUTE:
        error = rating - score
        return (1.0 if error > 0.0 else (-1.0 if error < 0.0 else 0.0)), abs(error)
    if code == KL:
        score = max(score, 1e-10)
        return rating / score - 1.0, (rating * math.log(rating / score) if rating > 0.0 else 0.0) - rating + score
    if code == LOGISTIC:
        tail = math.exp(-abs(margin))
        share = tail / (1.0 + tail) if margin > 0.0 else 1.0 / (1.0 + tail)
        return rating * share, math.log1p(tail) + max(-margin, 0.0)
    short = max(1.0 - margin, 0.0)
    if code == HINGE:
        return (rating if short > 0.0 else 0.0), short
    return rating * short, 0.5 * short * short


@compiled
@no_type_check
def add_products(totals, x, y):
    """Adds x·y, x·x and y·y to three totals."""
    return add_product(totals[0], x, y), add_product(totals[1], x, x), add_product(totals[2], y, y)


@compiled
@no_type_check
def limit(row, threshold, nonnegative):
    """Soft-thresholds a row in place, then clamps it at 0 if requested."""
    zero = row.dtype.type(0)
    for d in range(row.shape[0]):
        size = max(abs(row[d]) - threshold, zero)
        row[d] = size if row[d] > zero else (zero if nonnegative else -size)


@compiled
@no_type_check
def step_bias(biases, sums, row, z, rate, l2):
    """One AdaGrad step of the bias of a row."""
    gradient = l2 * biases[row] - z
    biases[row] -= rate / np.sqrt(sums[row]) * gradient
    sums[row] += gradient * gradient


@compiled
@no_type_check
def sweep(users, items, ratings, first, end, p, q, b, c, gp, gq, gb, gc, flags, code, mean, rates):
    """Updates factors `p`, `q` and biases `b`, `c` in place for the ratings `first` … `end`, one after the other.

    `gp`, `gq`, `gb`, `gc` are the AdaGrad sums of each row. `flags` = (biased, nonnegative); `rates` = [learning rate,
    L1 of users, of items, L2 of users, of items] in the dtype of the factors. Returns the sum of the losses before
    each update, without penalties.
    """
    biased, nonnegative = flags
    rate, l1p, l1q, l2p, l2q = rates[0], rates[1], rates[2], rates[3], rates[4]
    kind, k = p.dtype.type, p.shape[1]
    zero, one, two = kind(0), kind(1), kind(2)
    lanes = k - k % LANES
    center = kind(mean)
    limited = nonnegative or l1p > zero or l1q > zero
    total = 0.0
    for n in range(np.uintp(first), np.uintp(end)):
        user, item = np.uintp(users[n]), np.uintp(items[n])
        even = odd = (zeros(p), zeros(p), zeros(p))
        for d in range(LANES, lanes, 2 * LANES):
            even = add_products(even, load(p, user, d - LANES), load(q, item, d - LANES))
            odd = add_products(odd, load(p, user, d), load(q, item, d))
        if lanes % (2 * LANES):
            even = add_products(even, load(p, user, lanes - LANES), load(q, item, lanes - LANES))
        pq, pp, qq = add_up(even[0], odd[0]), add_up(even[1], odd[1]), add_up(even[2], odd[2])
        for d in range(lanes, k):
            x, y = p[user, d], q[item, d]
            pq += x * y
            pp += x * x
            qq += y * y
        score = pq + center
        if biased:
            score += b[user] + c[item]
        if code == SQUARED:
            z = kind(ratings[n]) - score
            total += 0.5 * z * z
        else:
            slope_loss = slope(code, np.float64(score), np.float64(ratings[n]))
            z = kind(slope_loss[0])
            total += slope_loss[1]
        ep, eq = rate / np.sqrt(gp[user]), rate / np.sqrt(gq[item])
        gp[user] += max(l2p * l2p * pp - two * l2p * z * pq + z * z * qq, zero) / kind(k)
        gq[item] += max(l2q * l2q * qq - two * l2q * z * pq + z * z * pp, zero) / kind(k)
        keep_p, keep_q, zp, zq = one - ep * l2p, one - eq * l2q, ep * z, eq * z
        for d in range(0, lanes, LANES):
            wide_x, wide_y = load(p, user, d), load(q, item, d)
            store(p, user, d, combine(keep_p, wide_x, zp, wide_y))
            store(q, item, d, combine(keep_q, wide_y, zq, wide_x))
        for d in range(lanes, k):
            x, y = p[user, d], q[item, d]
            p[user, d] = keep_p * x + zp * y
            q[item, d] = keep_q * y + zq * x
        if limited:
            limit(p[user], ep * l1p, nonnegative)
            limit(q[item], eq * l1q, nonnegative)
        if biased:
            step_bias(b, gb, user, z, rate, l2p)
            step_bias(c, gc, item, z, rate, l2q)
    return total


@compiled
@no_type_check
def sweep_pairs(users, items, first, end, lowest, highest, p, q, c, gp, gq, gc, flags, rates, seed):
    """Bayesian personalized ranking (Rendle et al., 2009, arXiv:1205.2618) on a block sorted by user and item.

    Compares each observed item with one drawn uniformly from the items `lowest` … `highest` of the block that the user
    has not observed. Draws depend on `seed` alone. Returns the sum of the losses before each update.
    """
    biased, nonnegative = flags
    rate, l1p, l1q, l2p, l2q = rates[0], rates[1], rates[2], rates[3], rates[4]
    kind, k = p.dtype.type, p.shape[1]
    zero, two = kind(0), kind(2)
    limited = nonnegative or l1p > zero or l1q > zero
    state, total = np.uint64(seed), 0.0
    run_first, run_end = first, first
    for n in range(first, end):
        if n >= run_end:  # the ratings of the next user
            run_first, run_end = n, n + 1
            while run_end < end and users[run_end] == users[n]:
                run_end += 1
        user, item = np.uintp(users[n]), np.uintp(items[n])
        other = items[n]
        for _ in range(16):
            state += np.uint64(0x9E3779B97F4A7C15)  # SplitMix64
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            drawn = lowest + np.int64((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(1)) % (highest - lowest)
            place = run_first + np.searchsorted(items[run_first:run_end], drawn)
            if place == run_end or items[place] != drawn:
                other = drawn
                break
        if other == items[n]:  # the user knows nearly all items of the block
            continue
        rival = np.uintp(other)
        pi, pj, pp, ii, jj, ij = zero, zero, zero, zero, zero, zero
        for d in range(k):
            x, y, w = p[user, d], q[item, d], q[rival, d]
            pi += x * y
            pj += x * w
            pp += x * x
            ii += y * y
            jj += w * w
            ij += y * w
        margin = pi - pj
        if biased:
            margin += c[item] - c[rival]
        slope_loss = slope(LOGISTIC, margin, 1.0)
        z = kind(slope_loss[0])
        total += slope_loss[1]
        ep, ei, ej = rate / np.sqrt(gp[user]), rate / np.sqrt(gq[item]), rate / np.sqrt(gq[rival])
        difference = ii - two * ij + jj
        gp[user] += max(l2p * l2p * pp - two * l2p * z * (pi - pj) + z * z * difference, zero) / kind(k)
        gq[item] += max(l2q * l2q * ii - two * l2q * z * pi + z * z * pp, zero) / kind(k)
        gq[rival] += max(l2q * l2q * jj + two * l2q * z * pj + z * z * pp, zero) / kind(k)
        for d in range(k):
            x, y, w = p[user, d], q[item, d], q[rival, d]
            p[user, d] = x - ep * (l2p * x - z * (y - w))
            q[item, d] = y - ei * (l2q * y - z * x)
            q[rival, d] = w - ej * (l2q * w + z * x)
        if limited:
            limit(p[user], ep * l1p, nonnegative)
            limit(q[item], ei * l1q, nonnegative)
            limit(q[rival], ej * l1q, nonnegative)
        if biased:
            step_bias(c, gc, item, z, rate, l2q)
            step_bias(c, gc, rival, -z, rate, l2q)
    return total
