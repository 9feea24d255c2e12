"""Windows of series, indexed in batches from one strided view."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.sampling import numbered_seed
from zoo.data.series.mapped import release
from zoo.errors import ZooError
from zoo.ops.windows import number_windows, window_view

_HELD = 64  # windows read from disk between two releases: the system maps up to 2 MiB around each


class WindowBatch(NamedTuple):
    """A batch of windows in the units of the data."""

    history: Float[Tensor, "b t c"]
    """The past; its first d channels are the targets."""
    future: Float[Tensor, "b h d"]
    """The targets after it."""
    covariates: Float[Tensor, "b s k"] | None
    """Future covariates, over past and future: s = t + h."""


class Windows:
    """All windows of a series within `spans`, each [first, end), without copying the series.

    A window has `context` steps of history and `horizon` steps of future.
    """

    in_memory = True

    def __init__(
        self,
        series: Float[Tensor, "time c"],
        spans: list[tuple[int, int]],
        *,
        context: int,
        horizon: int,
        out_channels: int,
        stride: int = 1,
        future_covariates: Float[Tensor, "time k"] | None = None,
        mapped: np.ndarray | None = None,
    ) -> None:
        self.series = series
        self.mapped = mapped
        """The memory-mapped array of the series, if it is on disk."""
        self._read = 0
        self.spans = torch.tensor(spans).view(-1, 2)
        self.context = context
        self.length = context + horizon
        self.out_channels = out_channels
        self.stride = stride
        self.future_covariates = future_covariates
        self.numbers = number_windows(self.spans, self.length, stride)
        self.count = int(self.numbers.ends[-1]) if spans else 0

    def __len__(self) -> int:
        return self.count

    def starts(self, indices: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """The first step of the windows with these indices."""
        return self.numbers.starts(indices)

    def __getitem__(self, indices: Int[Tensor, " b"]) -> WindowBatch:
        starts = self.starts(indices)
        window = self._gather(starts)
        return WindowBatch(
            window[:, : self.context],
            window[:, self.context :, : self.out_channels],
            None if self.future_covariates is None else window_view(self.future_covariates, self.length)[starts],
        )

    def _gather(self, starts: Int[Tensor, " b"]) -> Float[Tensor, "b l c"]:
        """The windows at these starts; keeps a limited part of a memory-mapped file in memory."""
        view = window_view(self.series, self.length)
        if self.mapped is None:
            return view[starts]
        found = []
        for part in starts.split(_HELD):
            found.append(view[part])
            self._read += len(part)
            if self._read >= _HELD:
                release(self.mapped)
                self._read = 0
        return torch.cat(found)


class RandomBatches(Sampler[Tensor]):
    """Full batches of `per_epoch` random indices below `count`, with replacement.

    Memory and time are independent of `count`. Each process draws its own indices.

    Raises:
        ZooError: `per_epoch` is below one batch per process.
    """

    def __init__(
        self, count: int, batch_size: int, *, per_epoch: int, seed: int, rank: int = 0, world_size: int = 1
    ) -> None:
        if not 1 <= batch_size * world_size <= per_epoch:
            raise ZooError(
                f"`data.batch_size` (={batch_size}) must lie in 1 … {per_epoch // world_size}, the windows of "
                f"an epoch (data.windows_per_epoch)"
            )
        self.count = count
        self.batch_size = batch_size
        self.batches = per_epoch // world_size // batch_size
        self.seed = seed
        self.rank = rank
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Selects the epoch whose draws come next; called by the trainer."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[Int[Tensor, " b"]]:
        generator = torch.Generator().manual_seed(numbered_seed(self.seed + self.rank, self.epoch))
        for _ in range(self.batches):
            yield torch.randint(self.count, (self.batch_size,), generator=generator)
