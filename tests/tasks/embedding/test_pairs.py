from functools import partial

import pytest
import torch

from zoo.tasks.embedding.pairs import all_pairs, bootstrap
from zoo.tasks.embedding.verification import auc, roc, tar_at_far


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


def test_groups_come_in_their_order():
    identities, groups = torch.tensor([0, 5, 0, 6, 1, 5]), torch.tensor([0, 1, 0, 1, 0, 1])
    pairs = all_pairs(identities, groups, limit=100)
    assert pairs.first.tolist() == [0, 0, 2, 1, 1, 3]
    assert pairs.second.tolist() == [2, 4, 4, 3, 5, 5]
    assert pairs.same.tolist() == [True, False, False, False, True, False]


@pytest.mark.parametrize("limit", [50, 2000])
@pytest.mark.parametrize(
    ("counts", "groups"),
    [([50] * 8, None), ([399, 1], None), ([1] * 400, None), ([3, 200, 7, 190], None), ([50] * 8, [200, 200])],
)
def test_limited_pairs_are_right_distinct_and_repeatable(counts, groups, limit):
    identities = torch.arange(len(counts)).repeat_interleave(torch.tensor(counts))
    labels = None if groups is None else torch.arange(len(groups)).repeat_interleave(torch.tensor(groups))
    shuffled = torch.randperm(400, generator=torch.Generator().manual_seed(0))
    identities, labels = identities[shuffled], None if labels is None else labels[shuffled]
    pairs = all_pairs(identities, labels, limit=limit)
    same = sum(count * (count - 1) // 2 for count in counts)
    every = sum(count * (count - 1) // 2 for count in groups or [400])
    assert int(pairs.same.sum()) == min(limit, same)
    assert int((~pairs.same).sum()) == min(limit, every - same)
    assert torch.equal(pairs.same, identities[pairs.first] == identities[pairs.second])
    assert labels is None or torch.equal(labels[pairs.first], labels[pairs.second])
    assert (pairs.first < pairs.second).all()
    assert len((pairs.first * 400 + pairs.second).unique()) == len(pairs.first)
    assert all(map(torch.equal, pairs, all_pairs(identities, labels, limit=limit)))


def test_limited_pairs_are_an_even_choice():
    identities = torch.arange(400) % 8
    pairs = all_pairs(identities, None, limit=2000)
    seen = torch.cat([pairs.first, pairs.second]).bincount(minlength=400)
    assert 8 < seen.min() <= seen.max() < 40  # 4,000 pairs of two rows: 20 times a row


def test_many_images_of_one_identity_need_no_memory_for_their_square():
    identities = (torch.arange(200_000) == 0).long()
    pairs = all_pairs(identities, None, limit=500)
    assert len(pairs.first) == 1000


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
