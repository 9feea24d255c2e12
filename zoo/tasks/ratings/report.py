"""The report of a ratings model: baselines, errors by number of ratings, calibration, floor, items, recommendations."""

from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.data.ratings.base import RatingsData
from zoo.data.ratings.rows import COLD
from zoo.reports.comparison import comparison
from zoo.reports.curves import read_metrics
from zoo.reports.page import Section
from zoo.tasks.ratings.figures import draw_calibration, draw_errors, draw_floor, draw_items
from zoo.tasks.ratings.recommend import recommend
from zoo.tasks.ratings.task import RatingOutputs, Ratings

_EXAMPLES = 6  # users


def sections(task: Ratings, datamodule: RatingsData, folder: Path, results: Mapping[str, Any]) -> list[Section]:
    """Returns the sections and saves their figures in `folder`; needs the outputs of a finished test."""
    outputs = task.test_outputs()
    found = [_result(task, datamodule, results, folder)]
    if task.make_metrics() and len(outputs.rating):
        found += [errors_section(task, outputs, folder), calibration_section(task, outputs, folder)]
    found += floor_section(task, datamodule, folder)
    return [*found, items_section(task, datamodule, folder), examples_section(task, datamodule)]


def _result(task: Ratings, datamodule: RatingsData, results: Mapping[str, Any], folder: Path) -> Section:
    section = comparison(results, task.monitor.partition("/")[2], folder)
    text = (
        f"{section.text}\n\nRankings: {results.get('ranked')}; relevant are test ratings of at least "
        f"{datamodule.relevant_from:.4g}.{_better_rankings(results, f'ndcg_{task.top_k}')}"
    )
    columns = datamodule.dataset("test").columns
    if cold := int(((columns.users == COLD) | (columns.items == COLD)).sum()):
        text += (
            f" {cold:,} test ratings of users or items without training ratings are left out, and measured as cold_…."
        )
    text += f" Solver: {results.get('solver', 'none')}."
    return Section(section.title, text, section.figures, section.table)


def _better_rankings(results: Mapping[str, Any], metric: str) -> str:
    """A sentence about the baselines that rank better than the model, which its own metric may not show."""
    ours = results["test"].get(metric, np.inf)
    better = [name for name, values in results["baselines"].items() if values.get(metric, -np.inf) > ours]
    return f" Better rankings than this model's by {metric}: {', '.join(better)}." if better else ""


def errors_section(task: Ratings, outputs: RatingOutputs, folder: Path) -> Section:
    """The error of test ratings by the number of training ratings of their user and of their item."""
    errors = task.rating_errors(outputs.predicted, outputs.rating)
    groups = {}
    for name, rows, counts in (
        ("user", outputs.user, task.fallback.user_counts),
        ("item", outputs.item, task.fallback.item_counts),
    ):
        groups[name] = group_errors(counts.cpu()[rows.long()].numpy(), errors.numpy())
    table = [["training ratings", "of the user: error", "test ratings", "of the item: error", "test ratings"]]
    labels = list(dict.fromkeys(label for group in groups.values() for label, *_ in group))
    labels.sort(key=lambda label: int(label.partition("–")[0].replace(",", "")))
    for label in labels:
        row = [label]
        for group in groups.values():
            cells = {name: (f"{error:.4f}", f"{count:,}") for name, error, count in group}
            row += cells.get(label, ("–", "0"))
        table.append(row)
    text = f"{task.error_name} of test ratings, by how many training ratings their user and their item have."
    return Section(
        "Error by number of ratings", text, [draw_errors(folder / "errors.png", groups, task.error_name)], table
    )


def group_errors(counts: np.ndarray, errors: np.ndarray) -> list[tuple[str, float, int]]:
    """The mean error in groups of counts, 1–2, 3–5, 6–10, 11–20, 21–50, …: (label, mean, size)."""
    edges = [0] + [step * 10**power for power in range(9) for step in (2, 5, 10)]
    groups = []
    for low, high in pairwise(edges):
        inside = (counts > low) & (counts <= high)
        if inside.any():
            groups.append((f"{low + 1:,}–{high:,}", float(errors[inside].mean()), int(inside.sum())))
    return groups


def calibration_section(task: Ratings, outputs: RatingOutputs, folder: Path) -> Section:
    """The mean rating in ten equally large groups of predictions."""
    predicted, ratings = outputs.predicted.double().numpy(), outputs.rating.double().numpy()
    ratings = (ratings + 1) / 2 if task.rating_loss.labels else ratings
    groups = np.array_split(predicted.argsort(), min(10, len(predicted)))
    points = [(float(predicted[rows].mean()), float(ratings[rows].mean())) for rows in groups]
    table = [["", *(str(k + 1) for k in range(len(points)))]]
    for name, column in (("mean prediction", 0), ("mean rating", 1)):
        table.append([name, *(f"{point[column]:.3f}" for point in points)])
    text = (
        "Test ratings sorted by prediction, in ten groups of equal size. For calibrated predictions all points lie on "
        "the diagonal."
    )
    return Section("Calibration", text, [draw_calibration(folder / "calibration.png", points)], table)


def floor_section(task: Ratings, datamodule: RatingsData, folder: Path) -> list[Section]:
    """The monitored metric of each epoch against the best possible value, if that is known."""
    metric, log = task.monitor.partition("/")[2], folder.parent / "metrics.csv"
    floor = (datamodule.floor or {}).get(metric)
    if floor is None or not log.is_file():
        return []
    values = read_metrics(log).get(metric, {}).get("val", [])
    if not values:
        return []
    last = values[-1][1]
    text = (
        f"Validation {metric} after the last epoch: {last:.4f}, {last / floor - 1:.1%} above the floor of {floor:.4f}."
    )
    return [Section("Learning curve and noise floor", text, [draw_floor(folder / "floor.png", values, floor, metric)])]


def items_section(task: Ratings, datamodule: RatingsData, folder: Path) -> Section:
    """The two principal components of the factors of items."""
    factors = task.factorization.items.detach().double().cpu()
    centered = factors - factors.mean(0)
    size = min(2, *centered.shape)
    _, values, directions = torch.linalg.svd(centered, full_matrices=False)
    places = torch.zeros(len(centered), 2, dtype=torch.float64)
    places[:, :size] = centered @ directions[:size].T
    share = float(values[:size].square().sum() / values.square().sum().clamp(min=1e-300))
    counts = task.fallback.item_counts.cpu().numpy()
    named = _far_apart(places.numpy(), counts.argsort()[::-1][:100])
    figure = draw_items(
        folder / "items.png",
        places.numpy(),
        task.fallback.item_means.cpu().numpy(),
        counts,
        {i: str(datamodule.items[i]) for i in named},
    )
    text = (
        f"Items at the two principal components of their factors, which hold {share:.0%} of the variance. Color: mean "
        f"rating. Size: number of ratings. {len(named)} of the most rated items are named."
    )
    return Section("Map of items", text, [figure])


def _far_apart(places: np.ndarray, items: np.ndarray) -> list[int]:
    """The first twelve `items` whose names do not cover one another on a map."""
    width, height = np.ptp(places, axis=0).clip(min=1e-12) * (0.15, 0.04)
    named: list[int] = []
    for item in items.tolist():
        apart = np.abs(places[named] - places[item])
        if len(named) < 12 and ((apart[:, 0] > width) | (apart[:, 1] > height)).all():
            named.append(item)
    return named


def examples_section(task: Ratings, datamodule: RatingsData) -> Section:
    """What some users rated best, and what they are recommended."""
    train = datamodule.dataset("train").columns
    generator = np.random.default_rng(datamodule.seed)
    users = generator.permutation(len(datamodule.users))[:_EXAMPLES]
    table = [["user", "rated best", "recommended", "relevant test ratings"]]
    test = datamodule.dataset("test").columns
    lists = recommend(task, torch.from_numpy(users), min(5, task.top_k), known=datamodule.rated_in_training())
    for user, found in zip(users.tolist(), lists, strict=True):
        rows = np.flatnonzero(train.users == user)
        best = rows[np.argsort(-train.ratings[rows], kind="stable")[:5]]
        hits = np.flatnonzero((test.users == user) & (test.ratings >= datamodule.relevant_from) & (test.items != COLD))
        table.append(
            [
                str(datamodule.users[user]),
                ", ".join(f"{datamodule.items[train.items[row]]} ({train.ratings[row]:.3g})" for row in best),
                ", ".join(f"{datamodule.items[item]} ({score:.2f})" for item, score in found),
                ", ".join(f"{datamodule.items[test.items[row]]} ({test.ratings[row]:.3g})" for row in hits[:5]) or "–",
            ]
        )
    text = "Random users. Recommended are the items with the highest scores that the user has not rated in training."
    return Section("Examples of recommendations", text, [], table)
