"""Measures of rankings against torchmetrics and scikit-learn."""

import pytest
import torch
from sklearn.metrics import roc_auc_score
from torchmetrics.functional import retrieval

from zoo.ops.ranking import rank_relevant, ranking_measures

K = 5


def test_measures_equal_those_of_libraries():
    torch.manual_seed(0)
    scores, excluded = torch.randn(20, 30), torch.rand(20, 30) < 0.3
    relevant = (torch.rand(20, 30) < 0.2) & ~excluded
    found = ranking_measures(rank_relevant(scores, excluded, relevant), K)
    for user in range(20):
        s, r = scores[user][~excluded[user]], relevant[user][~excluded[user]]
        if not r.any():
            continue
        expected = {
            f"precision_{K}": retrieval.retrieval_precision(s, r, top_k=K),
            f"recall_{K}": retrieval.retrieval_recall(s, r, top_k=K),
            f"ndcg_{K}": retrieval.retrieval_normalized_dcg(s, r, top_k=K),
            "auc": torch.tensor(roc_auc_score(r, s)),
        }
        for name, value in expected.items():
            assert found[name][user].item() == pytest.approx(value.item(), abs=1e-6), name


def test_average_precision_and_percentiles_by_hand():
    scores = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 2.0, 3.0, 4.0, 5.0]])
    relevant = torch.tensor([[True, False, True, False, False], [False] * 5])
    found = ranking_measures(rank_relevant(scores, torch.zeros(2, 5, dtype=torch.bool), relevant), 3)
    assert found["map_3"][0].item() == pytest.approx((1 + 2 / 3) / 2)
    assert found["mpr"][0].item() == pytest.approx((0 + 2 / 4) / 2)
    assert all(values[1].isnan() for values in found.values())


def test_excluded_items_are_no_candidates():
    scores = torch.tensor([[9.0, 8.0, 1.0]])
    excluded = torch.tensor([[True, False, False]])
    found = rank_relevant(scores, excluded, torch.tensor([[True, False, True]]))
    assert found.ranks.tolist() == [2.0]
    assert found.candidates.tolist() == [2.0]
