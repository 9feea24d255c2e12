from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from matplotlib.collections import FillBetweenPolyCollection
from matplotlib.figure import Figure

from zoo.tasks.forecasting import figures


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Figure:
    """What is drawn next, which otherwise is only saved."""
    figure = Figure()

    @contextmanager
    def drawing(*_: Path, **__: float) -> Iterator[Figure]:
        yield figure

    monkeypatch.setattr(figures, "drawing", drawing)
    return figure


def test_lines_and_interval_go_on_from_the_last_known_value(drawn: Figure):
    history, truth = np.array([5.0, 6.0]), np.array([7.0, 8.0, 9.0])
    figures.draw_windows(Path(), [figures.Window("good", None, history, truth, truth + 1, truth - 2, truth + 3)])
    known, after, forecast = (line.get_xydata().tolist() for line in drawn.axes[0].lines)
    assert known == [[-1, 5], [0, 6]]
    assert after == [[0, 6], [1, 7], [2, 8], [3, 9]]
    assert forecast == [[0, 6], [1, 8], [2, 9], [3, 10]]
    (interval,) = drawn.axes[0].collections
    assert isinstance(interval, FillBetweenPolyCollection)
    corners = {tuple(corner) for corner in interval.get_paths()[0].vertices.tolist()}
    assert corners == {(0, 6), (1, 5), (2, 6), (3, 7), (3, 12), (2, 11), (1, 10)}


def test_dates_stand_on_the_axis(drawn: Figure):
    history, truth = np.array([5.0, 6.0]), np.array([7.0])
    days = np.arange("2026-02-27", "2026-03-02", dtype="datetime64[D]")
    figures.draw_windows(Path(), [figures.Window("good", days, history, truth, truth, truth, truth)])
    (axes,) = drawn.axes
    assert axes.get_xlabel() == ""
    assert axes.lines[0].get_xdata().tolist() == days[:2].tolist()
    drawn.draw_without_rendering()
    assert {"Feb-27", "Mar-01"} <= {label.get_text() for label in axes.get_xticklabels()}


def test_one_step_ahead_is_a_point_with_a_bar(drawn: Figure):
    history, truth = np.array([5.0, 6.0]), np.array([7.0])
    figures.draw_windows(Path(), [figures.Window("good", None, history, truth, truth + 1, truth, truth + 3)])
    (bar,) = drawn.axes[0].containers
    assert bar.lines[2][0].get_segments()[0].tolist() == [[1, 7], [1, 10]]
    assert {text.get_text() for text in drawn.legends[0].texts} == {"history", "truth", "forecast", "interval"}


def test_no_legend_lies_over_a_curve(drawn: Figure):
    history, truth = np.arange(9.0), np.arange(4.0)
    figures.draw_windows(Path(), [figures.Window("good", None, history, truth, truth, truth - 1, truth + 1)] * 2)
    drawn.set_layout_engine("constrained")
    drawn.draw_without_rendering()
    box = drawn.legends[0].get_window_extent()
    assert not any(box.overlaps(axes.get_window_extent()) for axes in drawn.axes)


@pytest.mark.parametrize(
    ("trend", "label"), [([1.0, 3.25], "naive_drift (up to 3.25,\nbeyond the axis)"), ([0.2, 0.4], "naive_drift")]
)
def test_the_legend_says_what_lies_beyond_the_axis(drawn: Figure, trend: list[float], label: str):
    figures.draw_errors(Path(), {"model": [0.2, 0.5], "naive_drift": trend}, over="fold")
    assert [text.get_text() for text in drawn.legends[0].texts] == ["model", label]
    assert drawn.axes[0].get_ylim() == pytest.approx((0.0, 0.575))
    assert drawn.axes[0].get_xlabel() == "fold"
