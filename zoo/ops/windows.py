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


def window_starts(first: int, end: int, length: int, stride: int) -> Int[Tensor, " n"]:
    """Starts of windows of `length` steps that lie within [first, end), `stride` apart.

    The last window ends with the last step, whatever the stride, so that no step drops off the end.
    Empty when not one window fits.

    >>> window_starts(0, 10, 4, 4).tolist()
    [0, 4, 6]
    """
    last = end - length
    starts = torch.arange(first, max(last + 1, first), stride)
    if len(starts) and int(starts[-1]) != last:
        starts = torch.cat([starts, torch.tensor([last])])
    return starts


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
