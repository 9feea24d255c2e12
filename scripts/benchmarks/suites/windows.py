"""An epoch of windows of a series; peer: a Dataset of single windows in a DataLoader."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, compare
from zoo.config.compose import compose, to_dict
from zoo.run.build import build_data

WINDOWS = 61_440


class OneAtATime(Dataset[tuple[Tensor, Tensor]]):
    """Windows of a series, as one usually writes such a Dataset."""

    def __init__(self, series: Tensor, count: int, context: int, horizon: int) -> None:
        self.series = series
        self.count = count
        self.context = context
        self.horizon = horizon

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        middle = index + self.context
        return self.series[index:middle], self.series[middle : middle + self.horizon]


def cases(settings: Settings) -> Iterator[Case]:
    """The built-in waves, in batches of 256."""
    yield Case(
        name=f"an epoch of {WINDOWS:,} windows of 32 + 1 steps, batch 256",
        peer="Dataset and DataLoader, shuffled",
        measure=lambda: _compare(settings),
        limit=0.10,
    )


def shuffled(data: Any, count: int) -> DataLoader[tuple[Tensor, Tensor]]:
    """Returns the peer's loader: each of the first `count` windows of the training series once, in random order."""
    dataset = OneAtATime(data.dataset("train").series, count, data.context, data.horizon)
    return DataLoader(dataset, batch_size=data.batch_size, shuffle=True)


def _compare(settings: Settings) -> Measured:
    count = 2_560 if settings.quick else WINDOWS
    data: Any = build_data(to_dict(compose(["model=gru", f"data.windows_per_epoch={count}"]))["data"])
    loader = shuffled(data, count)
    seen = sum(len(batch[0]) for batch in data.train_dataloader())
    assert seen == sum(len(history) for history, _ in loader)
    return compare(lambda: _all(data.train_dataloader()), lambda: _all(loader), settings)


def _all(loader: Any) -> None:
    for _ in loader:
        pass
