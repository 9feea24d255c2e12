"""Long tables of several series, with and without the options that name them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from series_tables import AUTO, UNTIMED, days, panel, series, table

from zoo.errors import ZooError


@pytest.mark.parametrize("order", ["shop", "day"])
@pytest.mark.parametrize("names", [("a", "b"), (1, 2)])
def test_a_panel_without_the_name_of_its_series_says_which(tmp_path: Path, order: str, names: tuple):
    frame = panel(*names).sort_values(order, kind="stable")
    with pytest.raises(
        ZooError, match="times of `day` start again, and `shop` names several series: give data.series=shop"
    ):
        table(tmp_path, frame)
    with pytest.raises(ZooError, match=r"`(shop|item)` and `(shop|item)` together name several series: join them"):
        table(tmp_path, pd.concat([frame.assign(item="x"), frame.assign(item="y")]), targets=["y"])


def weeks(*lengths: int) -> pd.DataFrame:
    """Numbered series below one another, each from week 0."""
    parts = [pd.DataFrame({"store": shop, "week": range(n), "y": days(n)["y"]}) for shop, n in enumerate(lengths, 1)]
    return pd.concat(parts, ignore_index=True)


@pytest.mark.parametrize("lengths", [(30, 30, 30), (30, 28, 33)])
@pytest.mark.parametrize("order", [["store", "week"], ["week", "store"]])
def test_a_numbered_panel_without_options_is_refused(tmp_path: Path, lengths: tuple, order: list):
    frame = weeks(*lengths).sort_values(order)
    with pytest.raises(
        ZooError, match="number the rows together, as a series and its times or .*: give data.series and"
    ):
        table(tmp_path, frame, time=None)
    assert table(tmp_path, frame, time=None, targets=["week", "y"]).columns.targets == ["week", "y"]
    assert table(tmp_path, frame, time="week", series="store").lengths == [*lengths]


def test_blocks_of_one_number_may_be_series(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(
        ZooError, match="`store` keeps each value for 30 rows, .*: give data.series=store, or name what"
    ):
        table(tmp_path, weeks(30, 30).drop(columns="week"), time=None)
    assert table(tmp_path, weeks(30, 33, 29).drop(columns="week"), time=None).columns.targets == ["store", "y"]
    assert "`store` keeps each of 3 values for some rows: if it names series, give" in capsys.readouterr().err


@pytest.mark.parametrize(
    "columns",
    [
        {"promo": [0] * 20 + [1] * 20},
        {"month": [*range(1, 11)] * 4},
        {"cases": np.arange(40) ** 2 // 50, "deaths": np.arange(40) // 7},
        {"a": [3, 5, 4, 7] * 10, "b": [1, 1, 2, 2] * 10},
    ],
)
def test_one_series_of_whole_numbers_is_no_panel(tmp_path: Path, columns: dict):
    found = table(tmp_path, days(40, **columns).drop(columns="day"), **UNTIMED)
    assert found.columns.targets == ["y", *columns]


def test_series_of_one_name_below_one_another_are_named(tmp_path: Path):
    text = pd.concat([weeks(30), weeks(30)]).to_csv(index=False)
    with pytest.raises(
        ZooError, match="row 31, .*: sort the file by `week`, or give series below one another names in"
    ):
        table(tmp_path, text, time="week", series="store")


def test_text_among_the_targets_may_be_the_series(tmp_path: Path):
    with pytest.raises(ZooError, match="'a' is no number; if it names the series of each row, give data.series=shop"):
        table(tmp_path, panel("a", "b").drop(columns="day"), time=None)


def test_a_short_series_among_others_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    frame = pd.concat([panel("a", "b"), panel("c", count=6)])
    data = series(tmp_path, frame, series="shop", **AUTO)
    data.setup()
    assert [len(data.parts.spans[split]) for split in ("train", "val", "test")] == [2, 2, 2]
    assert "leaves out 1 of 3 series, which are too short: c (6); data.context=5 and" in capsys.readouterr().err
