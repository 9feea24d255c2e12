"""Windows of a series as strided views: no value is copied before a batch is asked for."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor


def window_view(series: Shaped[Tensor, "time c"], length: int) -> Shaped[Tensor, "starts length c"]:
    """All windows of `length` steps, one for every start, as a view of the series.

    >>> window_view(torch.arange(4).view(4, 1), 3)[:, :, 0].tolist()
    [[0, 1, 2], [1, 2, 3]]
    """
    return series.unfold(0, length, 1).transpose(1, 2)


def window_counts(spans: Int[Tensor, "n 2"], length: int, stride: int) -> Int[Tensor, " n"]:
    """How many windows of `length` steps lie in each span [first, end), `stride` apart.

    The last window ends with the span, whatever the stride, so that no step drops off the end.
    """
    last = spans[:, 1] - spans[:, 0] - length
    counts = torch.div(last + stride - 1, stride, rounding_mode="floor") + 1
    return torch.where(last >= 0, counts, 0)


class WindowNumbers(NamedTuple):
    """The windows of several spans, counted through one after the other; made once for many look-ups."""

    ends: Int[Tensor, " n"]
    """The number of the first window after each span."""
    offsets: Int[Tensor, " n"]
    """Where window 0 would start if all windows were counted as those of the span are."""
    lasts: Int[Tensor, " n"]
    """Where the last window of each span starts."""
    stride: int

    def starts(self, indices: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """Where the windows of these numbers start."""
        span = torch.searchsorted(self.ends, indices, right=True)
        return torch.minimum(torch.add(self.offsets[span], indices, alpha=self.stride), self.lasts[span])


def number_windows(spans: Int[Tensor, "n 2"], length: int, stride: int) -> WindowNumbers:
    """Numbers the windows of `length` steps of each span [first, end), `stride` apart.

    >>> number_windows(torch.tensor([[0, 10], [20, 26]]), length=4, stride=4).starts(torch.arange(5)).tolist()
    [0, 4, 6, 20, 22]
    """
    counts = window_counts(spans, length, stride)
    ends = counts.cumsum(0)
    return WindowNumbers(ends, spans[:, 0] - (ends - counts) * stride, spans[:, 1] - length, stride)


def next_steps(
    history: Float[Tensor, "b t c"], future: Float[Tensor, "b h d"], steps: int, positions: int
) -> Float[Tensor, "b positions steps d"]:
    """What comes in the `steps` after each of the last `positions` steps of the history.

    The first d channels of the history are those of the future. The last position's answer is the first
    `steps` of the future.

    >>> history, future = torch.tensor([[[1.0], [2.0], [3.0]]]), torch.tensor([[[4.0], [5.0]]])
    >>> next_steps(history, future, steps=2, positions=2).flatten(1).tolist()
    [[3.0, 4.0, 4.0, 5.0]]
    """
    tail = history[:, history.shape[1] - positions + 1 :, : future.shape[2]]
    known = torch.cat([tail, future[:, :steps]], dim=1)
    return known.unfold(1, steps, 1).transpose(2, 3)
