"""The report of an embedding: metrics, ROC, distances with the threshold, hardest pairs, and a t-SNE map."""

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from matplotlib.axes import Axes
from sklearn.manifold import TSNE
from torch import Tensor

from zoo.data.base import DataModule
from zoo.ops.distances import pairwise_squared_distances
from zoo.ops.identities import PER_GROUP, sample_rows
from zoo.reports.figures import COLORS, SOFT, drawing, without_frame
from zoo.reports.metric_names import meaning
from zoo.reports.page import Section
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.baselines import embeddings
from zoo.tasks.embedding.collapse import spread
from zoo.tasks.embedding.metrics import FARS, compared_pairs, pair_distances
from zoo.tasks.embedding.pairs import Pairs, bootstrap
from zoo.tasks.embedding.threshold import describe, false_alarm_rate
from zoo.tasks.embedding.verification import Roc, auc, equal_error_rate, roc, tar_at_far

_POINTS = 300  # images at most in the map
_EACH = 10  # images per identity at least, so that the map shows whether they form a cluster
_NAMED = 8  # identities at most for a legend
_HARDEST = 6
_UNKNOWN = 100  # images of people not enrolled (half of all); 1 % of fewer is less than one image
_GALLERIES = (1, 5, 20, 100)  # people
_POINT = 1e-5  # spread of rounding errors alone: t-SNE divides by it and crashes the process


def sections(task: Embedding, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    vectors, identities = task.test_outputs()
    pairs = compared_pairs(identities)
    values = pair_distances(vectors, pairs, task.distances_on_cpu)
    threshold = task.threshold.item()
    return [
        _figures(values, pairs, identities, results, new=datamodule.card().get("new_identities", False)),
        *_threshold(task),
        _roc(values, pairs, identities, datamodule, folder),
        _histogram(values, pairs, threshold, folder),
        _hardest(values, pairs, identities, datamodule, folder),
        _map(vectors, identities, folder),
        Section("Data", "\n\n".join(task.card.get("notes", []))),
    ]


def _figures(values: Tensor, pairs: Pairs, identities: Tensor, results: Mapping[str, Any], *, new: bool) -> Section:
    rates = {f"tar_at_far_{far}": partial(tar_at_far, far=far) for far in FARS}
    metrics: dict[str, Callable[[Roc], float]] = {"auc": auc, "eer": equal_error_rate, **rates}
    intervals = bootstrap(values, pairs, identities, metrics)
    test: Mapping[str, float] = results["test"]
    baselines: Mapping[str, Mapping[str, float]] = results["baselines"]
    shown = [name for name in test if name not in ("loss", "threshold")]
    words = {"accuracy": "share of pairs judged correctly at the threshold of the model"}
    table = [["metric", "this model", "95 % interval", *baselines, "what it is"]]
    for name in shown:
        interval = intervals.get(name)
        span = f"{interval.low:.3f} – {interval.high:.3f}" if interval else "–"
        beside = [f"{b[name]:.4f}" if name in b else "–" for b in baselines.values()]
        table.append([name, f"{test[name]:.4f}", span, *beside, words.get(name) or meaning(name)])
    same, different = int(pairs.same.sum()), int((~pairs.same).sum())
    known = "of identities not used in training" if new else "in new images of the training identities"
    text = (
        f"The test split has {same:,} same-identity pairs and {different:,} different-identity pairs, {known}. "
        "The intervals are bootstrapped over identities, since pairs that share an identity are not independent."
    )
    few = [far for far in FARS if different < 10 / far]
    if few:
        rates_text = ", ".join(map(str, few))
        text += f" There are too few different-identity pairs for a reliable false-accept rate of {rates_text}."
    if "dir_at_far_0.01" in test and len(identities) < 2 * _UNKNOWN:
        text += f" dir_at_far_0.01 allows no false alarm here: fewer than {_UNKNOWN} images show people not enrolled."
    return Section("Comparison with baselines", text, table=table)


def _threshold(task: Embedding) -> list[Section]:
    """The identities behind the threshold, and what it means for galleries of several sizes."""
    found = task.card.get("threshold")
    if found is None or not found["strangers"]:
        return []
    text = (
        f"The threshold {task.threshold.item():.4f} was chosen for {describe(found)}. A gallery compares a stranger "
        "with every enrolled person, so the share of strangers that it names rises with its size. The table has that "
        "share of the held-out images; –: too few held-out identities for a gallery of this size."
    )
    rates = [false_alarm_rate(found, people) for people in _GALLERIES]
    table = [["people in the gallery", *map(str, _GALLERIES)]]
    table += [["strangers named", *("–" if rate is None else f"{rate:.1%}" for rate in rates)]]
    return [Section("Threshold", text, table=table)]


def _roc(values: Tensor, pairs: Pairs, identities: Tensor, datamodule: DataModule, folder: Path) -> Section:
    path = folder / "roc.png"
    curves = {"model": roc(values, pairs.same)}
    for name, vectors in embeddings(datamodule, identities).items():
        curves[name] = roc(pair_distances(vectors, pairs, pairwise_squared_distances), pairs.same)
    with drawing(path, width=9, height=4) as figure:
        left, right = figure.subplots(1, 2)
        for (name, curve), color in zip(curves.items(), COLORS, strict=False):
            left.plot(curve.far, curve.tar, label=f"{name} (AUC {auc(curve):.3f})", color=color)
            right.plot(curve.far.clamp_min(1e-6), 1 - curve.tar, label=name, color=color)
        left.plot([0, 1], [1, 0], color=SOFT, linestyle=":", linewidth=1)
        left.set(xlabel="false-accept rate", ylabel="true-accept rate", title="ROC")
        left.legend(loc="lower right")
        floor = 1 / max(1, int((~pairs.same).sum()))
        right.set(xscale="log", xlim=(floor, 1), ylim=(0, 1), xlabel="false-accept rate", ylabel="false-reject rate")
        right.set_title("At low false-accept rates")
    return Section("ROC", "The dotted line crosses each curve at its equal error rate.", [path])


def _histogram(values: Tensor, pairs: Pairs, threshold: float, folder: Path) -> Section:
    path = folder / "distances.png"
    bins = np.linspace(float(values.min()), float(values.max()) + 1e-6, 60).tolist()
    with drawing(path, width=7, height=3.2) as figure:
        axes = figure.subplots()
        for kind, name, color in ((pairs.same, "same", COLORS[0]), (~pairs.same, "different", COLORS[1])):
            if kind.any():
                axes.hist(values[kind].numpy(), bins=bins, density=True, alpha=0.6, label=name, color=color)
        if np.isfinite(threshold):
            axes.axvline(threshold, color="black", linewidth=1.2, label=f"threshold {threshold:.3f}")
        axes.set(xlabel="distance", ylabel="density", yticks=[])
        axes.legend()
    return Section("Distances", "Pairs left of the threshold are accepted as the same identity.", [path])


def _hardest(values: Tensor, pairs: Pairs, identities: Tensor, datamodule: DataModule, folder: Path) -> Section:
    path = folder / "hardest_pairs.png"
    same, different = (kind.nonzero().squeeze(1) for kind in (pairs.same, ~pairs.same))
    farthest = same[values[same].argsort(descending=True)[:_HARDEST]]
    closest = different[values[different].argsort()[:_HARDEST]]
    with drawing(path, width=1.5 * _HARDEST, height=4.6) as figure:
        grid = figure.subplots(2, _HARDEST, squeeze=False)
        for row, (chosen, what) in enumerate(((farthest, "same"), (closest, "different"))):
            for axes, pair in zip(grid[row], chosen.tolist(), strict=False):
                _pair(axes, datamodule, int(pairs.first[pair]), int(pairs.second[pair]))
                axes.set_title(f"{what}, {values[pair]:.4f}", fontsize=9)
        for axes in grid.ravel():
            without_frame(axes)
    text = "Top: same-identity pairs with the largest distances. Bottom: different-identity pairs with the smallest."
    return Section("Hardest pairs", text, [path])


def _pair(axes: Axes, datamodule: DataModule, first: int, second: int) -> None:
    images, _ = datamodule.dataset("test")[torch.tensor([first, second])]
    side_by_side = torch.cat([*images], dim=1)  # one above the other
    axes.imshow(side_by_side.permute(1, 2, 0).squeeze(2).numpy(), cmap="gray" if len(side_by_side) == 1 else None)


def _map(vectors: Float[Tensor, "n d"], identities: Tensor, folder: Path) -> Section:
    path = folder / "embedding.png"
    rows = sample_rows(identities, _POINTS, min_per_identity=_EACH)
    vectors, identities = vectors[rows], identities[rows]
    if len(vectors) < 10:
        return Section("Embedding", "There are too few images for a map.")
    if spread(vectors) < _POINT:
        return Section("Embedding", "No map: the embedding has collapsed to one point.")
    perplexity = min(30.0, (len(vectors) - 1) / 3)
    points = TSNE(init="pca", perplexity=perplexity, random_state=0).fit_transform(vectors.numpy())
    names = identities.unique().tolist()
    with drawing(path, width=6.5, height=5) as figure:
        axes = figure.subplots()
        for number, name in enumerate(names):
            inside = (identities == name).numpy()
            named = len(names) <= _NAMED
            color = COLORS[number % len(COLORS)]
            marker = "osD^vP*X"[number // len(COLORS) % 8]
            label = str(name % PER_GROUP) if named else None
            axes.scatter(points[inside, 0], points[inside, 1], s=14, color=color, marker=marker, alpha=0.8, label=label)
        if len(names) <= _NAMED:
            axes.legend(title="identity")
        without_frame(axes)
    return Section(
        "Embedding", "Test images, projected to two dimensions by t-SNE. Each identity has its own marker.", [path]
    )
