"""Principal components and factors of the inputs."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float
from sklearn.decomposition import PCA, FactorAnalysis

from zoo.data.table.base import TableData
from zoo.data.table.columns import input_names
from zoo.reports.figures import COLORS, drawing, plain_text
from zoo.reports.page import Section
from zoo.reports.quiet_fits import quiet_fits

_MOST_INPUTS = 500
_MOST_ROWS = 5_000
_FACTORS = 3
_LOADINGS = 30

Inputs = Float[np.ndarray, "n f"]


def components_section(datamodule: TableData, folder: Path) -> Section | None:
    """Training rows on the first two principal components, their variance, and the loadings of a factor analysis.

    None for fewer than 2 or more than 500 inputs.
    """
    inputs, targets = datamodule.dataset("train").arrays(_MOST_ROWS, datamodule.seed)
    if not 2 <= inputs.shape[1] <= _MOST_INPUTS or len(inputs) < 3:
        return None
    pca = PCA(n_components=min(10, *inputs.shape)).fit(inputs)
    figures = [
        _draw_components(folder / "components.png", pca, inputs, targets, datamodule.target_column.class_names),
        _draw_factors(folder / "factors.png", inputs, input_names(datamodule.columns)),
    ]
    share = pca.explained_variance_ratio_
    text = (
        f"Two principal components hold {share[:2].sum():.0%} of the variance of {len(inputs):,} rows of the training "
        f"part, drawn at random, and {len(share)} hold {share.sum():.0%}. A factor analysis explains what inputs have "
        "in common by few factors (varimax rotation); its loadings are shown."
    )
    return Section("Components of the inputs", text, figures)


def _draw_components(
    path: Path, pca: PCA, inputs: Inputs, targets: np.ndarray, class_names: Sequence[str] | None
) -> Path:
    places = pca.transform(inputs)
    share = pca.explained_variance_ratio_
    with drawing(path, width=8.4, height=3.6) as figure:
        left, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
        if class_names is None:
            dots = left.scatter(places[:, 0], places[:, 1], c=targets, s=9, cmap="viridis", alpha=0.8)
            figure.colorbar(dots, ax=left, label="target")
        else:
            for number, name in enumerate(class_names[: len(COLORS)]):
                own = places[targets == number]
                left.scatter(own[:, 0], own[:, 1], s=9, color=COLORS[number], label=plain_text(name), alpha=0.7)
            left.legend()
        left.set(xlabel=f"component 1 ({share[0]:.0%})", ylabel=f"component 2 ({share[1]:.0%})")
        right.bar(range(1, len(share) + 1), share, color=COLORS[0])
        right.plot(range(1, len(share) + 1), share.cumsum(), "o-", color=COLORS[1], ms=3.5, label="sum")
        right.set(xlabel="component", ylabel="share of the variance", ylim=(0, 1.02))
        right.legend()
    return path


def _draw_factors(path: Path, inputs: Inputs, names: Sequence[str]) -> Path:
    count = min(_FACTORS, inputs.shape[1] - 1)
    with quiet_fits():
        loadings = FactorAnalysis(n_components=count, rotation="varimax", random_state=0).fit(inputs).components_
    order = np.argsort(-np.abs(loadings).max(0), kind="stable")[:_LOADINGS]
    most = max(float(np.abs(loadings).max()), 1e-12)
    with drawing(path, width=5.6, height=1.0 + 0.24 * len(order)) as figure:
        axes = figure.add_subplot()
        image = axes.imshow(loadings.T[order], cmap="RdBu_r", vmin=-most, vmax=most, aspect="auto")
        axes.set_yticks(range(len(order)), [plain_text(names[place], 32) for place in order])
        axes.set_xticks(range(count), [f"factor {number + 1}" for number in range(count)])
        axes.grid(False)
        figure.colorbar(image, ax=axes, label="loading")
    return path
