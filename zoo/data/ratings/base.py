"""The interface of every data module of ratings: indices of users and items, splits, and batches."""

from abc import abstractmethod
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from torch.utils.data import DataLoader

from zoo.data.base import DataModule
from zoo.data.base import Split as SplitName
from zoo.data.errors_as_batches import keep_batch
from zoo.data.ratings.columns import Columns, chunks, count_rows, select
from zoo.data.ratings.grid import Grid, build_grid
from zoo.data.ratings.rows import COLD, RatingRows, by_user
from zoo.data.ratings.splits import SPLITS, TEST, TRAIN, VAL, assign_roles
from zoo.errors import ZooError


@dataclass(frozen=True, kw_only=True)
class Source:
    """Ratings as they come, with the ids of their users and items."""

    columns: Columns
    """Indices into the ids, ratings, and times."""
    users: list[Any]
    items: list[Any]
    name: str
    floor: dict[str, float] | None = None
    """Test metrics of the best possible prediction by name, if the data is synthetic."""


@dataclass(kw_only=True, eq=False)
class RatingsData(DataModule):
    """Ratings, split into training, validation and test.

    `split`: `random`, `last` (of each user, by time) or `time` (of all ratings). `val_share` and `test_share` are
    fractions of the ratings. A repeated pair counts once: `duplicates=last` keeps its last rating, `refuse` stops.
    Ratings of at least `relevant` (null: the mean of training) count as relevant in rankings.

    Indices of users and items are drawn at random; those without training ratings are cold. With `store_known`, a
    checkpoint holds the items of each user, which recommendations leave out. With `mapped`, ratings stay in temporary
    files in that folder.

    Raises:
        ZooError: an unknown split or handling of duplicates, or fractions that leave nothing to train.
    """

    feeds = frozenset({"ratings"})

    split: str
    val_share: float
    test_share: float
    duplicates: str
    relevant: float | None
    store_known: bool
    mapped: str | None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.split not in SPLITS:
            raise ZooError(f"`data.split` (={self.split}) must be one of: {', '.join(SPLITS)}")
        if self.duplicates not in ("last", "refuse"):
            raise ZooError(f"`data.duplicates` (={self.duplicates}) must be one of: last, refuse")
        if min(self.val_share, self.test_share) <= 0 or self.val_share + self.test_share >= 1:
            raise ZooError(
                f"`data.val_share` (={self.val_share}) and `data.test_share` (={self.test_share}) must be positive "
                f"with a sum below 1"
            )
        self._known: tuple[np.ndarray, np.ndarray] | None = None
        self.whole_passes = False
        """True if a training batch is the grid of all training ratings; set by a task that is compiled."""

    @abstractmethod
    def source(self) -> Source:
        """All ratings.

        Raises:
            ZooError: the data is missing or unusable.
        """

    @property
    def folder(self) -> Path | None:
        """Where ratings are mapped; None in memory."""
        return None if self.mapped is None else Path(self.mapped).expanduser()

    def load(self) -> dict[str, Any]:
        """Splits the ratings, draws the indices, and sorts the training ratings by block."""
        source = self.source()
        split = assign_roles(
            source.columns,
            split=self.split,
            val=self.val_share,
            test=self.test_share,
            seed=self.seed,
            folder=self.folder,
        )
        if split.repeated:
            self._report_repeated(source, split.repeated)
        train = split.roles == TRAIN
        if not train.any() or not (split.roles == VAL).any() or not (split.roles == TEST).any():
            raise ZooError(
                f"{source.name} has {len(split.roles):,} ratings, too few for data.split={self.split}: a split is empty"
            )
        self.floor = source.floor
        counts = count_rows(split.columns, train, len(source.users), len(source.items))
        generator = np.random.default_rng([self.seed, 1])
        user_table, self.users = _draw_indices(source.users, counts[0], generator)
        item_table, self.items = _draw_indices(source.items, counts[1], generator)
        parts = [
            select(split.columns, split.roles == role, (user_table, item_table), self.folder)
            for role in (TRAIN, VAL, TEST)
        ]
        self.grid: Grid = build_grid(parts[0], len(self.users), len(self.items), self.folder)
        ratings = self.grid.columns.ratings
        self.mean = float(ratings.mean(dtype=np.float64))
        self.lowest, self.highest = float(ratings.min()), float(ratings.max())
        columns = {"train": self.grid.columns, "val": parts[1], "test": parts[2]}
        for name in ("val", "test"):
            self._report_cold(source.name, name, columns[name])
        return {name: RatingRows(part) for name, part in columns.items()}

    def _report_cold(self, source: str, name: str, columns: Columns) -> None:
        users, items = int((columns.users == COLD).sum()), int((columns.items == COLD).sum())
        if users or items:
            print(
                f"{source}: of {len(columns):,} {name} ratings, {users:,} are by users and {items:,} of items without "
                f"training ratings; they are measured apart, as cold"
            )

    def _report_repeated(self, source: Source, repeated: int) -> None:
        if self.duplicates == "refuse":
            raise ZooError(
                f"{source.name} rates {repeated:,} pair{'' if repeated == 1 else 's'} of a user and an item again: "
                f"data.duplicates=last keeps the last rating of each"
            )
        print(f"{source.name}: {repeated:,} ratings are replaced by later ones of the same user and item")

    def use_labels(self, loss: str) -> None:
        """Turns labels 0 and 1 into -1 and 1 in all splits; `loss` is its name in messages.

        Raises:
            ZooError: other ratings than labels.
        """
        columns = [self.dataset(name).columns for name in ("train", "val", "test")]
        parts = chain.from_iterable(map(chunks, columns))
        found = np.unique(np.concatenate([np.unique(part.ratings) for part in parts]))
        if not (set(found.tolist()) <= {-1.0, 1.0} or set(found.tolist()) <= {0.0, 1.0}):
            wrong = next((value for value in found if value not in (-1, 0, 1)), 0)
            raise ZooError(
                f"{loss} needs labels 1 and -1, or 1 and 0, and a rating is {wrong:g}"
                f"{' beside -1' if wrong == 0 else ''}: data.positive_from=NUMBER makes labels of ratings"
            )
        for part in chain.from_iterable(map(chunks, columns)):
            part.ratings[part.ratings == 0] = -1  # a view
        self.lowest, self.mean = -1.0, float(columns[0].ratings.mean(dtype=np.float64))

    def require_nonnegative(self, loss: str) -> None:
        """Checks that no rating is negative.

        Raises:
            ZooError: names the smallest rating.
        """
        smallest = min(float(self.dataset(name).columns.ratings.min()) for name in ("train", "val", "test"))
        if smallest < 0:
            raise ZooError(f"{loss} needs ratings of at least 0, and the smallest is {smallest:g}")

    def known(self) -> tuple[np.ndarray, np.ndarray]:
        """The items of all splits of each user, as starts [m + 1] and items [n]."""
        if not self.store_known:
            return np.zeros(len(self.users) + 1, np.int64), np.empty(0, np.int32)
        if self._known is None:
            rows = [self.dataset(name).columns for name in ("train", "val", "test")]
            self._known = by_user(rows, len(self.users))
        return self._known

    def rated_in_training(self) -> tuple[np.ndarray, np.ndarray]:
        """The items that each user has rated in training, as `known`."""
        return by_user([self.dataset("train").columns], len(self.users))

    def metadata(self) -> dict[str, Any]:
        """Numbers of users and items, and the mean and the range of ratings."""
        self.setup()
        return {
            "num_users": len(self.users),
            "num_items": len(self.items),
            "num_known": len(self.known()[1]),
            "mean_rating": self.mean,
            "lowest_rating": self.lowest,
            "highest_rating": self.highest,
        }

    def card(self) -> dict[str, Any]:
        """The ids of users and items, in the order of their indices."""
        self.setup()
        return {"users": self.users, "items": self.items}

    @property
    def relevant_from(self) -> float:
        """The smallest rating that counts as relevant."""
        return self.mean if self.relevant is None else self.relevant

    def loader(self, name: SplitName) -> DataLoader[Any]:
        """Batches of a split, or the grid of all training ratings as the only batch."""
        if name != "train" or not self.whole_passes:
            return super().loader(name)
        self.setup()
        return DataLoader([self.grid], batch_size=None, collate_fn=keep_batch)  # type: ignore[arg-type]


def _draw_indices(ids: list[Any], counts: np.ndarray, generator: np.random.Generator) -> tuple[np.ndarray, list[Any]]:
    """A table from the position of an id to its random index, or COLD, and the ids in the order of their indices."""
    order = generator.permutation(np.flatnonzero(counts))
    table = np.full(len(ids), COLD, np.int32)
    table[order] = np.arange(len(order), dtype=np.int32)
    return table, [ids[position] for position in order]
