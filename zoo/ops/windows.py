"""Windows of a series as strided views: no value is copied before a batch is asked for."""

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


def window_starts(indices: Int[Tensor, " b"], spans: Int[Tensor, "n 2"], length: int, stride: int) -> Int[Tensor, " b"]:
    """Where the windows of these numbers start, counted through the spans one after the other.

    >>> window_starts(torch.arange(5), torch.tensor([[0, 10], [20, 26]]), length=4, stride=4).tolist()
    [0, 4, 6, 20, 22]
    """
    ends = window_counts(spans, length, stride).cumsum(0)
    span = torch.searchsorted(ends, indices, right=True)
    before = torch.cat([ends.new_zeros(1), ends])[span]
    first, end = spans[span].unbind(1)
    return torch.minimum(first + (indices - before) * stride, end - length)


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
