from functools import partial

import pytest
import torch

from zoo.metrics.pairs import all_pairs, bootstrap
from zoo.metrics.verification import auc, roc, tar_at_far


def test_every_pair_once():
    identities = torch.tensor([4, 4, 7, 4])
    pairs = all_pairs(identities, None, limit=100)
    assert list(zip(pairs.first.tolist(), pairs.second.tolist(), pairs.same.tolist(), strict=True)) == [
        (0, 1, True),
        (0, 2, False),
        (0, 3, True),
        (1, 2, False),
        (1, 3, True),
        (2, 3, False),
    ]


def test_groups_keep_to_themselves():
    groups = torch.arange(30) // 10
    pairs = all_pairs(torch.arange(30) // 2, groups, limit=1000)
    assert len(pairs.first) == 3 * 45
    assert (groups[pairs.first] == groups[pairs.second]).all()


@pytest.mark.parametrize("limit", [50, 2000])
def test_limited_pairs_are_right_and_repeatable(limit):
    identities = torch.arange(400) % 8
    pairs = all_pairs(identities, None, limit=limit)
    again = all_pairs(identities, None, limit=limit)
    assert int(pairs.same.sum()) == limit
    assert limit // 2 < int((~pairs.same).sum()) <= limit
    assert torch.equal(pairs.same, identities[pairs.first] == identities[pairs.second])
    assert (pairs.first != pairs.second).all()
    assert torch.equal(pairs.first, again.first)


@pytest.mark.parametrize("people", [2, 3])
def test_a_draw_of_one_identity_alone_has_no_say(people):
    pairs = all_pairs(torch.arange(people).repeat(4), None, limit=100)
    found = bootstrap(
        torch.ones(len(pairs.first)), pairs, torch.arange(people).repeat(4), {"tar": partial(tar_at_far, far=0.1)}
    )
    assert found["tar"] == (0, 0)


def test_intervals_hold_the_figure_and_shrink_with_more_people():
    widths = []
    for people in (10, 160):
        torch.manual_seed(people)
        identities = torch.arange(people * 4) // 4
        vectors = torch.randn(people, 3)[identities] + torch.randn(people * 4, 3)
        pairs = all_pairs(identities, None, limit=10_000)
        distances = (vectors[pairs.first] - vectors[pairs.second]).norm(dim=1)
        interval = bootstrap(distances, pairs, identities, {"auc": auc}, draws=100)["auc"]
        assert interval.low < auc(roc(distances, pairs.same)) < interval.high
        widths.append(interval.high - interval.low)
    assert widths[1] < widths[0] / 2
