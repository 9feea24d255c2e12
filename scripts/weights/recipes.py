"""The recipes of the weights, and where a further seed's figure lies."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from scipy.stats import t as student

SEEDS = (10, 11, 12)
"""The weights are those of the first."""
_FILE = Path(__file__).with_name("recipes.yaml")


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """One entry of `recipes.yaml`."""

    name: str
    command: list[str]
    metric: str
    data: str
    data_license: str
    use: str
    limits: str
    lower: bool = False
    """Whether a lower metric is better."""
    highest: float = math.inf
    """The highest value of the metric; the lowest one is 0."""
    bound: str | None = None
    """The name of a baseline that no model can beat, such as the noise of generated data."""
    folder: str | None = None
    """Of the data, below `--data-root`; None for data that needs no files."""
    root: str | None = None

    def best_baseline(self, runs: Sequence[Mapping[str, Any]]) -> str:
        """The best baseline of all runs with its metric, since they may vary by seed; a dash if none has the metric."""
        found = [
            (each[self.metric], name)
            for run in runs
            for name, each in run["baselines"].items()
            if self.metric in each and name != self.bound
        ]
        if not found:
            return "–"
        value, name = (min if self.lower else max)(found)
        return f"{name} {value:.4f}"

    def located(self, data_root: Path | None) -> list[str] | None:
        """The words that locate the data; None if it is not there."""
        if self.folder is None:
            return []
        folder = data_root / self.folder if data_root is not None else None
        return [f"{self.root}={folder.resolve()}"] if folder is not None and folder.exists() else None


def recipes() -> dict[str, Recipe]:
    """All recipes by the name of their weights."""
    content: dict[str, dict[str, Any]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return {name: Recipe(name=name, **entry) for name, entry in content.items()}


def interval(values: Sequence[float], highest: float = math.inf) -> tuple[float, float]:
    """Where one further value of the same normal distribution lies with a probability of 95 %, within 0 … `highest`.

    Source: the prediction interval by Student's t with n − 1 degrees of freedom.
    """
    n = len(values)
    half = float(student.ppf(0.975, n - 1)) * statistics.stdev(values) * math.sqrt(1 + 1 / n)
    return max(statistics.mean(values) - half, 0.0), min(statistics.mean(values) + half, highest)
