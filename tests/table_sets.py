"""Small tables for tests."""

from typing import Any

import numpy as np
import pandas as pd

from zoo.data.table.file import Table

OPTIONS: dict[str, Any] = {
    "header": True,
    "target": "y",
    "target_is": "auto",
    "categories": [],
    "leave_out": [],
    "impute": None,
    "scaling": "standard",
    "split": "auto",
    "split_by": None,
    "val_fraction": 0.2,
    "test_fraction": 0.2,
    "batch_size": 16,
    "num_workers": 0,
    "seed": 0,
}


def frame(rows=60, seed=0):
    """Two numbers, a category, a date, and a target that depends on them."""
    generator = np.random.default_rng(seed)
    size = generator.normal(50, 10, rows)
    city = generator.choice(["Bern", "Oslo", "Rome"], rows)
    days = pd.Timestamp("2024-01-01") + pd.to_timedelta(generator.integers(0, 700, rows), unit="D")
    y = 3 * size + np.where(city == "Rome", 40, 0) + generator.normal(0, 1, rows)
    return pd.DataFrame(
        {"size": size, "noise": generator.normal(0, 1, rows), "city": city, "sold": days.astype(str), "y": y}
    )


def table(path, **options):
    return Table(path=str(path), **{**OPTIONS, **options})
