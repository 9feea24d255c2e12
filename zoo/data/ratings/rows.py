"""Rows of ratings: batches by row number, and the items of each user."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from zoo.data.ratings.columns import Columns

COLD = -1
"""The index of a user or an item without training ratings."""


class RatingBatch(NamedTuple):
    """Ratings of items by users, as indices; COLD without training ratings."""

    users: Int[Tensor, " b"]
    items: Int[Tensor, " b"]
    ratings: Float[Tensor, " b"]


@dataclass(frozen=True)
class RatingRows:
    """The ratings of a split, indexed with a tensor of row numbers."""

    columns: Columns
    in_memory = True

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, rows: Tensor) -> RatingBatch:
        part = self.columns[rows.numpy()]
        return RatingBatch(*(torch.from_numpy(np.asarray(c)) for c in (part.users, part.items, part.ratings)))


def by_user(rows: list[Columns], users: int) -> tuple[np.ndarray, np.ndarray]:
    """The items of each user in ascending order, without cold ones: starts [users + 1] and items."""
    all_users = np.concatenate([each.users for each in rows])
    all_items = np.concatenate([each.items for each in rows])
    warm = (all_users != COLD) & (all_items != COLD)
    all_users, all_items = all_users[warm], all_items[warm]
    order = np.lexsort((all_items, all_users))
    starts = np.concatenate([[0], np.bincount(all_users, minlength=users).cumsum()])
    return starts, all_items[order]
