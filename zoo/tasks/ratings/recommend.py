"""Recommended and similar items."""

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor
from torch.nn import functional as F

from zoo.tasks.ratings.task import Ratings

_SCORES = 2**24  # scores held at a time


@torch.no_grad()
def recommend(
    task: Ratings, users: Int[Tensor, " u"], top: int, *, known: tuple[np.ndarray, np.ndarray]
) -> list[list[tuple[int, float]]]:
    """The `top` items of each user with their predictions, best first, without `known` items (starts, items)."""
    starts, items = (torch.from_numpy(np.asarray(each)).to(task.device) for each in known)
    count, found = task.factorization.num_items, []
    for part in users.to(task.device).split(max(_SCORES // count, 1)):
        scores = task.factorization.all_items(part).float()
        for row, user in enumerate(part.tolist()):
            scores[row, items[starts[user] : starts[user + 1]].long()] = -torch.inf
        values, best = scores.topk(min(top, count), dim=1)
        predicted = task.predict_scores(values)
        for row in range(len(part)):
            new = values[row] > -torch.inf
            found.append(list(zip(best[row][new].tolist(), predicted[row][new].tolist(), strict=True)))
    return found


@torch.no_grad()
def similar_items(task: Ratings, items: Int[Tensor, " c"], count: int) -> list[list[tuple[int, float]]]:
    """The `count` items with the largest cosine similarity of factors to each item, without itself."""
    vectors = F.normalize(task.factorization.items.detach().float(), dim=1)
    found = []
    for part in items.to(task.device).split(max(_SCORES // len(vectors), 1)):
        cosines = vectors[part] @ vectors.T
        cosines[torch.arange(len(part)), part] = -torch.inf
        values, best = cosines.topk(min(count, len(vectors) - 1), dim=1)
        found += [list(zip(i, v, strict=True)) for i, v in zip(best.tolist(), values.tolist(), strict=True)]
    return found
