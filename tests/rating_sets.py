"""Small sets of ratings for tests."""

from typing import Any

import numpy as np

from zoo.data.ratings.synthetic import SyntheticRatings

OPTIONS: dict[str, Any] = {
    "batch_size": 256,
    "num_workers": 0,
    "seed": 0,
    "val_share": 0.1,
    "test_share": 0.1,
    "relevant": None,
    "store_known": True,
    "mapped": None,
}
FILE: dict[str, Any] = {
    "user": None,
    "item": None,
    "rating": None,
    "time": None,
    "positive_from": None,
    "split": "random",
    "duplicates": "last",
}


def synthetic(values: str = "real", users: int = 60, items: int = 40, ratings: int = 800, **options: Any):
    """A loaded data module of synthetic ratings."""
    data = SyntheticRatings(values=values, num_users=users, num_items=items, num_ratings=ratings, **(OPTIONS | options))
    data.setup()
    return data


def lines(count: int = 60, separator: str = "\t", seed: int = 0) -> str:
    """The text of a file of distinct ratings with times."""
    generator = np.random.default_rng(seed)
    pairs = generator.permutation(12 * 9)[:count]
    rows = [(f"u{pair // 9}", f"i{pair % 9}", generator.integers(1, 6), 100 + n) for n, pair in enumerate(pairs)]
    return "".join(separator.join(map(str, row)) + "\n" for row in rows)
