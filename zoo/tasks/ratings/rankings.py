"""Rankings of all items that a user has not rated, measured on the relevant ratings of a split."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from zoo.data.ratings.base import RatingsData
from zoo.data.ratings.rows import by_user
from zoo.ops.ranking import rank_relevant, ranking_measures

_SCORES = 2**24  # scores held at a time
Scorer = Callable[[Tensor], Tensor]
"""Maps users [u] to the scores of all items [u n]."""


@torch.no_grad()
def rank_split(
    data: RatingsData, split: Literal["train", "val", "test"], scorer: Scorer, k: int, *, device: torch.device | str
) -> dict[str, float]:
    """The mean measures of `ranking_measures` over the users with a relevant item in `split`.

    Candidates are all items without a rating by the user in training, nor in validation if `split` is the test. Items
    without training ratings are left out.
    """
    users, items = len(data.users), len(data.items)
    earlier = ["train"] if split == "val" else ["train", "val"]
    excluded = by_user([data.dataset(name).columns for name in earlier], users)  # type: ignore[arg-type]
    columns = data.dataset(split).columns
    relevant = by_user([columns[np.flatnonzero(columns.ratings >= data.relevant_from)]], users)
    chosen = np.flatnonzero(np.diff(relevant[0]))
    found: dict[str, list[Tensor]] = {}
    for part in np.array_split(chosen, max(-(-len(chosen) * items // _SCORES), 1)):
        if not len(part):
            continue
        some = torch.from_numpy(part).to(device)
        ranks = rank_relevant(
            scorer(some).float(), _mask(excluded, part, items, device), _mask(relevant, part, items, device)
        )
        for name, values in ranking_measures(ranks, k).items():
            found.setdefault(name, []).append(values.cpu())
    return {name: float(torch.cat(values).nanmean()) for name, values in found.items()}


def _mask(rows: tuple[np.ndarray, np.ndarray], users: np.ndarray, items: int, device: torch.device | str) -> Tensor:
    """True at the items of each user."""
    starts, values = rows
    counts = starts[users + 1] - starts[users]
    mask = np.zeros((len(users), items), bool)
    places = np.repeat(starts[users] - np.concatenate([[0], counts[:-1].cumsum()]), counts) + np.arange(counts.sum())
    mask[np.repeat(np.arange(len(users)), counts), values[places]] = True
    return torch.from_numpy(mask).to(device)
