import pytest
import torch

from zoo.ops.windows import next_steps, number_windows, window_counts, window_view


def test_views_equal_a_loop_and_share_the_memory_of_the_series():
    series = torch.randn(50, 3)
    view = window_view(series, 7)
    assert view.untyped_storage().data_ptr() == series.untyped_storage().data_ptr()
    assert torch.equal(view, torch.stack([series[i : i + 7] for i in range(44)]))


@pytest.mark.parametrize("stride", [1, 3, 7, 50])
@pytest.mark.parametrize("end", [9, 10, 23])
def test_every_step_is_in_a_window_and_none_leaves_its_span(stride: int, end: int):
    spans = torch.tensor([[2, end], [30, 33], [40, 40 + end]])
    counts = window_counts(spans, 7, stride)
    assert counts[1] == 0
    starts = number_windows(spans, 7, stride).starts(torch.arange(int(counts.sum())))
    for first, last, part in [(2, end, starts[: counts[0]]), (40, 40 + end, starts[counts[0] :])]:
        assert part[0] == first
        assert part[-1] + 7 == last
        assert len(set(part.tolist())) == len(part)
        assert (part.diff() <= stride).all()


@pytest.mark.parametrize("positions", [1, 4, 9])
@pytest.mark.parametrize("steps", [1, 3])
def test_next_steps_equal_a_loop(positions: int, steps: int):
    series = torch.randn(2, 9 + 3, 2)
    history, future = series[:, :9], series[:, 9:, :1]
    targets = next_steps(history, future, steps, positions)
    for position in range(positions):
        at = 9 - positions + position + 1
        assert torch.equal(targets[:, position], series[:, at : at + steps, :1])
