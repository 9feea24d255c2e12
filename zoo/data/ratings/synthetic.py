"""Synthetic ratings of low rank with a known best possible error."""

from dataclasses import dataclass, field

import numpy as np

from zoo.data.ratings.base import RatingsData, Source
from zoo.data.ratings.columns import Columns
from zoo.errors import ZooError

RANK = 4
MEAN, NOISE, SD = 3.5, 0.8, 0.5
KINDS = ("real", "labels", "counts", "clicks")


@dataclass(kw_only=True, eq=False)
class SyntheticRatings(RatingsData):
    """`num_ratings` ratings of rank 4 by users and of items with unequal activity.

    `values`: `real` (3.5, biases of deviation 0.3, a product of deviation 0.5, and normal noise of 0.8), `labels`
    (-1 or 1 with the probability of twice the product), `counts` (Poisson with a non-negative product as the rate), or
    `clicks` (all 1; users choose items by the product). The floor is the error of the true scores.

    Raises:
        ZooError: an unknown kind of values, or more ratings than half of all pairs.
    """

    values: str
    num_users: int
    num_items: int
    num_ratings: int
    split: str = field(default="random", init=False)
    duplicates: str = field(default="last", init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.values not in KINDS:
            raise ZooError(f"`data.values` (={self.values}) must be one of: {', '.join(KINDS)}")
        if not 20 <= self.num_ratings <= self.num_users * self.num_items // 2:
            raise ZooError(
                f"`data.num_ratings` (={self.num_ratings}) must lie in 20 … {self.num_users * self.num_items // 2}, "
                f"half of all pairs of a user and an item"
            )

    def source(self) -> Source:
        """Draws the ratings."""
        generator = np.random.default_rng(self.seed)
        factors = generator.standard_normal((self.num_users + self.num_items, RANK), np.float32) / RANK**0.25
        if self.values == "counts":
            factors = np.abs(factors) * 1.5
        p, q = factors[: self.num_users], factors[self.num_users :]
        users, items = self._draw_pairs(generator, p, q)
        scores = (p[users] * q[items]).sum(1)
        if self.values == "real":
            biases = 0.3 * generator.standard_normal(self.num_users + self.num_items)
            scores = MEAN + SD * scores + biases[users] + biases[self.num_users + items]
            ratings = scores + NOISE * generator.standard_normal(len(scores))
            floor = {"rmse": NOISE, "mae": NOISE * (2 / np.pi) ** 0.5}
        elif self.values == "labels":
            chance = 1 / (1 + np.exp(-2.0 * scores))
            ratings = np.where(generator.random(len(scores)) < chance, 1.0, -1.0)
            entropy = -(chance * np.log(chance) + (1 - chance) * np.log1p(-chance))
            floor = {"log_loss": float(entropy.mean()), "accuracy": float(np.maximum(chance, 1 - chance).mean())}
        elif self.values == "counts":
            ratings = generator.poisson(scores).astype(np.float64)
            floor = {"kl": float(_divergence(ratings, scores).mean())}
        else:
            ratings, floor = np.ones(len(scores)), None
        columns = Columns(users=users, items=items, ratings=ratings.astype(np.float32))
        return Source(
            columns=columns,
            users=list(range(1, self.num_users + 1)),
            items=list(range(1, self.num_items + 1)),
            name="synthetic_ratings",
            floor=floor,
        )

    def _draw_pairs(
        self, generator: np.random.Generator, p: np.ndarray, q: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Distinct pairs; active users and popular items appear more often."""
        activity = generator.lognormal(0.0, 0.6, self.num_users).cumsum()
        popularity = generator.lognormal(0.0, 0.6, self.num_items).cumsum()
        found = np.empty(0, np.int64)
        while len(found) < self.num_ratings:
            count = 2 * (self.num_ratings - len(found)) + 64
            users = np.searchsorted(activity, generator.random(count) * activity[-1])
            items = np.searchsorted(popularity, generator.random(count) * popularity[-1])
            if self.values == "clicks":
                chance = 1 / (1 + np.exp(3.0 - 3.0 * (p[users] * q[items]).sum(1)))
                chosen = generator.random(count) < chance
                users, items = users[chosen], items[chosen]
            found = np.unique(np.concatenate([found, users.astype(np.int64) * self.num_items + items]))
        found = generator.permutation(found)[: self.num_ratings]
        return (found // self.num_items).astype(np.int32), (found % self.num_items).astype(np.int32)


def _divergence(ratings: np.ndarray, rates: np.ndarray) -> np.ndarray:
    safe = np.maximum(ratings, 1e-300)
    return np.where(ratings > 0, ratings * np.log(safe / rates), 0.0) - ratings + rates
