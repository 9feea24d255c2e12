import pytest
import torch

from zoo.ops.identities import sample_rows


@pytest.mark.parametrize(
    ("people", "each", "limit", "kept"),
    [
        (5, 4, 100, [4] * 5),  # all fit
        (5, 40, 100, [20] * 5),  # fewer images of all
        (100, 4, 42, [4] * 10),  # all images of fewer
        (100, 40, 50, [10] * 5),  # fewer of both
    ],
)
def test_rows_in_rounds_are_thinned_by_identity(people, each, limit, kept):
    identities = torch.arange(people).repeat(each)
    rows = sample_rows(identities, limit, min_per_identity=10)
    assert rows.tolist() == sorted(rows.tolist())
    assert identities[rows].unique(return_counts=True)[1].tolist() == kept
