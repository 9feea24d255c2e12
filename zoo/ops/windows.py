"""Windows of a series as strided views: values are copied only when a batch is gathered."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor


def window_view(series: Shaped[Tensor, "time c"], length: int) -> Shaped[Tensor, "starts length c"]:
    """Returns all windows of `length` steps, one per start, as a view of the series.

    >>> window_view(torch.arange(4).view(4, 1), 3)[:, :, 0].tolist()
    [[0, 1, 2], [1, 2, 3]]
    """
    return series.unfold(0, length, 1).transpose(1, 2)


def window_counts(spans: Int[Tensor, "n 2"], length: int, stride: int) -> Int[Tensor, " n"]:
    """Counts the windows of `length` steps in each span [first, end), at intervals of `stride`.

    The last window always ends with the span, so that every step is in a window.
    """
    last = spans[:, 1] - spans[:, 0] - length
    counts = torch.div(last + stride - 1, stride, rounding_mode="floor") + 1
    return torch.where(last >= 0, counts, 0)


class WindowNumbers(NamedTuple):
    """Consecutive numbers of the windows of several spans, for look-up of their starts."""

    ends: Int[Tensor, " n"]
    """The number of the first window after each span, the cumulative count."""
    offsets: Int[Tensor, " n"]
    """The start of window 0, extrapolated from the windows of the span."""
    lasts: Int[Tensor, " n"]
    """The start of the last window of each span."""
    stride: int

    def starts(self, indices: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """Returns the first step of each window."""
        span = torch.searchsorted(self.ends, indices, right=True)
        return torch.minimum(torch.add(self.offsets[span], indices, alpha=self.stride), self.lasts[span])


def number_windows(spans: Int[Tensor, "n 2"], length: int, stride: int) -> WindowNumbers:
    """Numbers the windows of `length` steps in each span [first, end), at intervals of `stride`.

    >>> number_windows(torch.tensor([[0, 10], [20, 26]]), length=4, stride=4).starts(torch.arange(5)).tolist()
    [0, 4, 6, 20, 22]
    """
    counts = window_counts(spans, length, stride)
    ends = counts.cumsum(0)
    return WindowNumbers(ends, spans[:, 0] - (ends - counts) * stride, spans[:, 1] - length, stride)


def next_steps(
    history: Float[Tensor, "b t c"], future: Float[Tensor, "b h d"], steps: int, positions: int
) -> Float[Tensor, "b positions steps d"]:
    """Returns the `steps` values that follow each of the last `positions` steps of the history.

    The first d channels of the history are those of the future. The target of the last position is the first
    `steps` of the future.

    >>> history, future = torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([[[4.0], [5.0]]])
    >>> next_steps(history, future, steps=2, positions=2).flatten(1).tolist()
    [[3.0, 4.0, 4.0, 5.0]]
    """
    tail = history[:, history.shape[1] - positions + 1 :, : future.shape[2]]
    known = torch.cat([tail, future[:, :steps]], dim=1)
    return known.unfold(1, steps, 1).transpose(2, 3)
