"""Predicted ratings of pairs, recommendations for users, and similar items."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from zoo.data.ratings.rows import COLD
from zoo.distribution import install_command
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.tasks.ratings.recommend import recommend, similar_items
from zoo.tasks.ratings.task import Ratings

Id = str | int


@dataclass(frozen=True, kw_only=True)
class RatingPrediction:
    """The predicted rating, rate or probability of a pair."""

    user: Id
    item: Id
    rating: float
    fallback: str = ""
    """What stands in for the model if the user or the item is unknown."""


@dataclass(frozen=True, kw_only=True)
class Recommendations:
    """The best items for a user, or those most similar to an item, best first."""

    user: Id | None = None
    """The user; None for similar items."""
    item: Id | None = None
    """The item that others are similar to."""
    items: list[Id]
    scores: list[float]
    """Predicted ratings, or cosine similarities; numbers of training ratings for an unknown user."""
    fallback: str = ""


Result = RatingPrediction | Recommendations


def predict(
    task: Ratings, source: Path | Any, folder: Path | None, *, top: int | None = None, similar: int | None = None
) -> Sequence[Result]:
    """Predicts the rating of each pair of a file or a data frame with columns of users and items.

    With `top`, recommends that many items to each user of a file or frame, without what the user has rated. With
    `similar`, finds that many items similar to each item. Unknown users and items get the stated fallback.

    Raises:
        ZooError: a source without the columns that are needed, a model without ids, or both `top` and `similar`.
    """
    if "users" not in task.card:
        raise ZooError("this model knows no users and items: it was not trained here")
    for name, value in {"top": top, "similar": similar}.items():
        if value is not None and value < 1:
            raise ZooError(f"`{name}` (={value}) must be at least 1")
    if top is not None and similar is not None:
        raise ZooError("`top` and `similar` answer different questions: give one of them")
    needed = ["user"] if top is not None else ["item"] if similar is not None else ["user", "item"]
    ids = read_ids(source, needed)
    results: list[Any]
    if top is not None:
        results = _recommendations(task, _distinct(ids["user"]), top)
    elif similar is not None:
        results = _similar(task, _distinct(ids["item"]), similar)
    else:
        results = _pairs(task, ids["user"], ids["item"])
    if folder is not None:
        write_results(results, folder)
    return results


def read_ids(source: Path | Any, needed: Sequence[str]) -> dict[str, list[Id]]:
    """The ids of the needed columns.

    Raises:
        ZooError: another kind of source, a column that is missing, or a missing id.
    """
    try:
        from zoo.data.ratings.pairs import pairs_of_file, pairs_of_frame
    except ModuleNotFoundError as error:
        raise ZooError(f"reading ratings needs the package `{error.name}`: {install_command('ratings')}") from error
    if hasattr(source, "columns") and hasattr(source, "index"):  # a data frame; pandas is optional
        return pairs_of_frame(source, needed)
    if not isinstance(source, Path) or source.is_dir():
        raise ZooError("a ratings model reads one file of pairs (CSV, TSV, Parquet, …), or a data frame")
    return pairs_of_file(source, needed)


def _distinct(ids: list[Id]) -> list[Id]:
    return list(dict.fromkeys(ids))


def _places(task: Ratings, key: str, ids: list[Id]) -> np.ndarray:
    table = {str(each): place for place, each in enumerate(task.card[key])}
    return np.array([table.get(str(each), COLD) for each in ids], np.int64)


@torch.no_grad()
def _pairs(task: Ratings, users: list[Id], items: list[Id]) -> list[RatingPrediction]:
    u, i = _places(task, "users", users), _places(task, "items", items)
    values = np.concatenate(
        [_values(task, *(torch.from_numpy(each[k : k + 2**20]) for each in (u, i))) for k in range(0, len(u), 2**20)]
    )
    reasons = np.array(["", "mean of the item", "mean of the user", "overall mean"], object)
    given = reasons[(u == COLD) * 1 + (i == COLD) * 2]
    if unknown := int((given != "").sum()):
        print(
            f"{unknown:,} of {len(u):,} pairs have an unknown user ({int((u == COLD).sum()):,}) or item "
            f"({int((i == COLD).sum()):,}): they get the damped mean of the known one, or the overall mean"
        )
    return [
        RatingPrediction(user=user, item=item, rating=float(value), fallback=str(why))
        for user, item, value, why in zip(users, items, values, given, strict=True)
    ]


def _values(task: Ratings, users: Tensor, items: Tensor) -> np.ndarray:
    values: np.ndarray = task(users.to(task.device), items.to(task.device)).cpu().numpy()
    return values


def _recommendations(task: Ratings, users: list[Id], top: int) -> list[Recommendations]:
    places = _places(task, "users", users)
    known = (task.known_starts.cpu().numpy(), task.known_items.cpu().numpy())
    if not len(known[1]):
        print(
            "this checkpoint does not hold what users have rated (data.store_known=false): their items are ranked too"
        )
    warm = np.flatnonzero(places != COLD)
    lists = dict(zip(warm.tolist(), recommend(task, torch.from_numpy(places[warm]), top, known=known), strict=True))
    counts = task.fallback.item_counts.cpu()
    values, best = counts.topk(min(top, len(counts)))
    popular = list(zip(best.tolist(), values.tolist(), strict=True))
    if len(warm) < len(users):
        print(f"{len(users) - len(warm):,} of {len(users):,} users are unknown: they get the most rated items")
    ids = task.card["items"]
    return [
        Recommendations(
            user=user,
            items=[ids[item] for item, _ in lists.get(k, popular)],
            scores=[float(score) for _, score in lists.get(k, popular)],
            fallback="" if k in lists else "most rated items",
        )
        for k, user in enumerate(users)
    ]


def _similar(task: Ratings, items: list[Id], count: int) -> list[Recommendations]:
    places = _places(task, "items", items)
    warm = np.flatnonzero(places != COLD)
    if len(warm) < len(items):
        print(f"{len(items) - len(warm):,} of {len(items):,} items are unknown: nothing is similar to them")
    lists = dict(zip(warm.tolist(), similar_items(task, torch.from_numpy(places[warm]), count), strict=True))
    ids = task.card["items"]
    return [
        Recommendations(
            item=item,
            items=[ids[other] for other, _ in lists.get(k, [])],
            scores=[float(score) for _, score in lists.get(k, [])],
            fallback="" if k in lists else "unknown item",
        )
        for k, item in enumerate(items)
    ]


def write_results(results: Sequence[Result], folder: Path) -> None:
    """Writes predictions.csv, one row for each pair or list entry, and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "predictions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if isinstance(results[0], RatingPrediction):
            writer.writerow(["user", "item", "rating", "fallback"])
            writer.writerows(asdict(result).values() for result in results)
        else:
            query = "user" if results[0].user is not None else "item"
            writer.writerow([query, "rank", "similar item" if query == "item" else "item", "score", "fallback"])
            for result in results:
                assert isinstance(result, Recommendations)
                for rank, (item, score) in enumerate(zip(result.items, result.scores, strict=True), start=1):
                    writer.writerow([getattr(result, query), rank, item, score, result.fallback])
    write_json(folder / "predictions.json", [asdict(result) for result in results])
