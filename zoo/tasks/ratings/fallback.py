"""Predictions for users and items without training ratings."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.data.ratings.columns import Columns, chunks
from zoo.data.ratings.rows import COLD

DAMPING = 10.0
"""Ratings at the overall mean that are added to those of each user and item."""


class Fallback(nn.Module):
    """Predicts the damped mean of the user or the item that is known, or the overall mean."""

    user_means: Tensor
    item_means: Tensor
    user_counts: Tensor
    item_counts: Tensor

    def __init__(self, num_users: int, num_items: int, mean: float) -> None:
        super().__init__()
        self.mean = mean
        for name, count in (("user", num_users), ("item", num_items)):
            self.register_buffer(f"{name}_means", torch.full((count,), mean))
            self.register_buffer(f"{name}_counts", torch.zeros(count, dtype=torch.int32))

    def fit(self, train: Columns) -> None:
        """Computes the means from training ratings."""
        self.mean = float(train.ratings.mean(dtype=np.float64))
        for name in ("user", "item"):
            means, counts = getattr(self, f"{name}_means"), getattr(self, f"{name}_counts")
            number, total = np.zeros(len(means), np.int64), np.zeros(len(means))
            for part in chunks(train):
                rows = part.named()[f"{name}s"]
                number += np.bincount(rows, minlength=len(means))
                total += np.bincount(rows, weights=part.ratings, minlength=len(means))
            means.copy_(torch.from_numpy((total + DAMPING * self.mean) / (number + DAMPING)))
            counts.copy_(torch.from_numpy(number))

    def forward(self, users: Int[Tensor, " b"], items: Int[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Returns the prediction for each pair, of which at least one is COLD."""
        known_user, known_item = self.user_means[users.clamp(min=0)], self.item_means[items.clamp(min=0)]
        otherwise = torch.full_like(known_item, self.mean)
        return torch.where(users != COLD, known_user, torch.where(items != COLD, known_item, otherwise))
