"""Which columns matter: information about the target, and what a model loses when they are shuffled."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

from zoo.data.table.columns import Column, groups_of
from zoo.reports.figures import COLORS, SOFT, drawing, plain_text
from zoo.reports.page import Section

REPEATS = 10
MOST_COLUMNS = 200
"""More columns would take minutes: a report then leaves out what is computed for each."""
_SHOWN = 20
_MOST_ROWS = 2_000

Inputs = Float[np.ndarray, "n f"]
Score = Callable[[Inputs], float]
"""A score of a model on inputs; higher is better."""


class Importance(NamedTuple):
    """The loss of score where the values of a column are shuffled: its mean and deviation over the repetitions."""

    mean: float
    deviation: float


def permutation_importance(
    score: Score, inputs: Inputs, groups: Mapping[str, slice], seed: int
) -> dict[str, Importance]:
    """The importance of each column, whose inputs are shuffled together.

    Source: Breiman, "Random Forests", 2001.
    """
    generator, full, found = np.random.default_rng(seed), score(inputs), {}
    for name, columns in groups.items():
        losses = []
        for _ in range(REPEATS):
            shuffled = inputs.copy()
            shuffled[:, columns] = inputs[generator.permutation(len(inputs)), columns]
            losses.append(full - score(shuffled))
        found[name] = Importance(float(np.mean(losses)), float(np.std(losses)))
    return found


def information(inputs: Inputs, targets: np.ndarray, columns: Sequence[Column], seed: int) -> dict[str, float]:
    """Mutual information of each column and the target in bits, for at most 2,000 rows.

    Between categories and classes by counts, else by the distances of nearest neighbors (Ross, "Mutual Information
    between Discrete and Continuous Data Sets", 2014).
    """
    chosen = np.random.default_rng(seed).permutation(len(inputs))[:_MOST_ROWS]
    discrete = [column.kind == "category" for column in columns]
    blocks = [inputs[chosen, place] for place in groups_of(columns).values()]
    values = [_codes(block) if coded else block[:, 0] for block, coded in zip(blocks, discrete, strict=True)]
    measure = mutual_info_regression if targets.dtype == np.float64 else mutual_info_classif
    bits = measure(np.stack(values, axis=1), targets[chosen], discrete_features=discrete, random_state=seed)
    return {column.name: float(nats / np.log(2)) for column, nats in zip(columns, bits, strict=True)}


def _codes(hot: Inputs) -> np.ndarray:
    """The place of the 1 in each row, or -1."""
    return np.where(hot.any(1), hot.argmax(1), -1)


def importance_section(
    gains: Mapping[str, float], losses: Mapping[str, Importance], change: str, folder: Path
) -> Section:
    """Both measures in a table, ordered by the second, and as bars; `change` names what `losses` are."""
    order = sorted(losses, key=lambda name: -losses[name].mean)[:_SHOWN]
    table = [["column", f"{change} when shuffled", "information (bits)"]]
    for name in order:
        table.append([name, f"{losses[name].mean:.4f} ± {losses[name].deviation:.4f}", f"{gains[name]:.3f}"])
    path = folder / "importance.png"
    with drawing(path, width=8.4, height=0.9 + 0.3 * len(order)) as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        places = range(len(order))
        means, spreads = [losses[name].mean for name in order], [losses[name].deviation for name in order]
        left.barh(places, means, 0.62, xerr=spreads, color=COLORS[0], ecolor=SOFT)
        left.set_title(f"{change[0].upper()}{change[1:]} when shuffled")
        right.barh(places, [gains[name] for name in order], 0.62, color=COLORS[2])
        right.set_title("Information (bits)")
        left.set_yticks(places, [plain_text(name, 28) for name in order])
        left.invert_yaxis()
        for axes in (left, right):
            axes.grid(False, axis="y")
    text = (
        f"The {change} of this model on the test part where the values of a column are shuffled: mean and standard "
        f"deviation over {REPEATS} shufflings. "
        f"The information is the mutual information of the column and the target in at most {_MOST_ROWS:,} rows of the "
        "training part. Columns that say the same share their importance for the model."
    )
    return Section("Which columns matter", text, [path], table)


def most_important(losses: Mapping[str, Importance], groups: Mapping[str, slice], most: int) -> Sequence[str]:
    """The columns of one input with the largest losses."""
    single = [name for name, columns in groups.items() if columns.stop - columns.start == 1]
    return sorted(single, key=lambda name: -losses[name].mean)[:most]
