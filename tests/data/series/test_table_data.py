"""Series of files: reading, splitting and validation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from series_tables import OPTIONS, days, series

from zoo.data.series.table_data import Series, cut
from zoo.errors import ZooError


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_formats_give_the_same_windows(tmp_path: Path, name: str):
    frame = days(50)
    data = series(tmp_path, frame, name)
    batch = data.all_windows("train")
    values = torch.tensor(frame["y"].tolist(), dtype=torch.float64)
    assert torch.allclose(batch.history[:, :, 0], values[:30].unfold(0, 8, 1)[:, :5])
    assert torch.allclose(batch.future[:, :, 0], values[:30].unfold(0, 8, 1)[:, 5:])
    assert data.card()["step"] == ["time", "D", ""]


def test_splits_are_in_order_of_time_and_cover_every_step(tmp_path: Path):
    data = series(tmp_path, days(50))
    starts = {s: data.dataset(s).starts(torch.arange(len(data.dataset(s)))) for s in ("train", "val", "test")}
    assert starts["train"].tolist() == list(range(23))  # futures end at step 30
    assert (starts["val"] + 5).tolist() == list(range(30, 38))  # futures lie in steps 30 to 40
    assert (starts["test"] + 5).tolist() == list(range(40, 48))
    assert torch.equal(data.all_windows("test").future[-1, :, 0], data.dataset("test").series[-3:, 0])


def test_the_scale_is_fitted_to_training_only(tmp_path: Path):
    frame = days(50)
    metadata = series(tmp_path, frame).metadata()
    assert metadata["center"] == [pytest.approx(frame["y"][:30].mean())]
    assert metadata["scale"] == [pytest.approx(frame["y"][:30].std(ddof=0))]
    assert metadata["naive_error"] == [pytest.approx(frame["y"][:30].diff().abs().mean())]
    changed = frame.assign(y=np.where(np.arange(50) < 30, frame["y"], 1e6))
    assert series(tmp_path, changed).metadata() == metadata


def test_no_window_spans_two_series(tmp_path: Path):
    frame = pd.concat([days(40).assign(who="a"), days(60).assign(who="b", y=np.arange(60.0))])
    mixed = frame.sample(frac=1, random_state=0).sort_values("day", kind="stable")
    data = series(tmp_path, mixed, series="who")
    assert sorted(data.card()["series_names"]) == ["a", "b"]
    spans = sorted(data.table.spans(), key=lambda span: span[1] - span[0])
    for part in ("train", "val", "test"):
        starts = data.dataset(part).starts(torch.arange(len(data.dataset(part))))
        for start in starts.tolist():
            assert any(first <= start and start + 8 <= end for first, end in spans)
    lengths = {part: len(data.dataset(part)) for part in ("train", "val", "test")}
    assert lengths == {"train": (24 - 7) + (36 - 7), "val": 6 + 10, "test": 6 + 10}


def test_channels_and_covariates(tmp_path: Path):
    extra = {"z": np.arange(50.0), "holiday": np.arange(50) % 2, "past": np.arange(50.0) ** 2}
    data = series(
        tmp_path,
        days(50, **extra),
        targets=["y", "z"],
        past_covariates=["past"],
        future_covariates=["holiday"],
        calendar=["weekday"],
    )
    batch = data.dataset("test")[torch.tensor([0])]
    assert (batch.history.shape, batch.future.shape, batch.covariates.shape) == ((1, 5, 3), (1, 3, 2), (1, 8, 3))
    assert torch.equal(batch.history[0, :, 2], torch.arange(35.0, 40.0).double() ** 2)
    assert batch.covariates[0, :, 0].tolist() == [i % 2 for i in range(35, 43)]
    weekdays = pd.date_range("2026-01-01", periods=50).day_of_week.to_numpy()[35:43]
    assert np.allclose(batch.covariates[0, :, 1], np.sin(weekdays * 2 * np.pi / 7))
    metadata = data.metadata()
    assert (metadata["in_channels"], metadata["out_channels"], metadata["covariate_channels"]) == (3, 2, 3)


def test_missing_values_are_filled_and_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    frame = days(50)
    frame.loc[[7, 8, 20], "y"] = np.nan
    forward = series(tmp_path, frame, fill="forward")
    values = forward.dataset("train").series[:, 0]
    assert values[7] == values[8] == values[6] == frame["y"][6]
    assert capsys.readouterr().err.endswith("some.csv: filled 3 of 50 missing values of `y`\n")
    assert forward.card()["filled"] == {"y": 3}
    assert series(tmp_path, frame, fill="zero").dataset("train").series[[7, 8, 20], 0].tolist() == [0, 0, 0]


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        (pd.date_range("2026-01-31", periods=50, freq="ME"), "ME"),
        (pd.date_range("2026-01-01", periods=50, freq="15min"), "15min"),
        (pd.bdate_range("2026-01-01", periods=50), "B"),
        (pd.date_range("2026-03-28", periods=50, freq="h", tz="Europe/Berlin"), "h"),
        (range(1700, 1750), "1"),
    ],
)
def test_the_frequency_is_inferred(tmp_path: Path, stamps, expected: str):
    data = series(tmp_path, days(50).assign(day=[str(s) for s in stamps]))
    data.setup()
    assert data.card()["step"][1] == expected


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y": ["1.5", "abc", *["2"] * 48]}, r"some.csv, row 2, column `y`: 'abc' is no number$"),
        ({"y": ["2020-01-01"] * 50}, r"'2020-01-01' is no number; if it is the column of times, give data.time=y$"),
        ({"y": [*range(48), np.inf, 0]}, r"row 49, column `y`: the value is infinite"),
        ({"y": [*range(40), np.nan, *range(9)]}, r"column `y` misses 1 of 50 values, the first in row 41: data.fill"),
        ({"y": [4.0] * 30 + [5.0] * 20}, r"column `y` is 4 throughout the training part, .* data.scaler=none"),
        ({"day": ["2026-01-01"] * 50}, r"row 2, column `day`: 2026-01-01T00:00:00 repeats the time of row 1"),
        ({"day": ["x"] * 50}, r"row 1, column `day`: 'x' is no time; write 2026-01-31"),
        ({"day": [*range(20), 21, *range(22, 51)]}, r"row 21, column `day`: 21 follows 19 after 2, where 1 is usual"),
        (
            {"day": [*range(30), 5, *range(31, 50)]},
            r"row 31, column `day`: 5 comes before the time of row 30, 29: sort",
        ),
    ],
)
def test_bad_values_are_named_by_row_and_column(tmp_path: Path, changes: dict, message: str):
    with pytest.raises(ZooError, match=message):
        series(tmp_path, days(50).assign(**changes)).setup()


def test_times_and_names_of_parquet_are_checked_like_text(tmp_path: Path):
    frame = days(50)
    frame["day"] = pd.to_datetime(frame["day"])
    hint = r"row 1, column `day`: 2026-01-01 00:00:00 is no number; if it is the column of times, give data.time=day$"
    with pytest.raises(ZooError, match=hint):
        series(tmp_path, frame, "a.parquet", time=None, targets=[]).setup()
    series(tmp_path, frame, "a.parquet").setup()
    frame["shop"] = ["a"] * 30 + [None] * 20
    with pytest.raises(ZooError, match=r"row 31, column `shop`: the name of the series is missing"):
        series(tmp_path, frame, "a.parquet", series="shop").setup()


def test_irregular_dates_name_the_first_row(tmp_path: Path):
    frame = days(51).drop(index=20)
    message = r"row 21, column `day`: 2026-01-22T00:00:00 follows 2026-01-20T00:00:00 after 2 days, where 1 day"
    with pytest.raises(ZooError, match=message):
        series(tmp_path, frame).setup()


@pytest.mark.parametrize(
    ("content", "changes", "message"),
    [
        ("", {}, "some.csv is empty"),
        ("day,y\n", {}, "some.csv has a header and no rows"),
        ("day,y\n2026-01-01,2\n", {}, r"some.csv has 1 points; .* need at least"),
        ("a,b\n1,2\n", {}, r"`data.targets`: .*some.csv has no column `y`; there are: a, b"),
        ("a;y\n1;2,5\n", {}, r"some.csv separates its columns by `;`: save it with commas"),
        ("a,y\n1,2\n", {"time": "b"}, r"`data.time`: .*some.csv has no column `b`; there are: a, y"),
        ("day,y\n1,2\n", {"future_covariates": ["y"]}, "column `y` is given two parts"),
        ('day,y\n"1,2\n', {}, "some.csv cannot be read as csv"),
        ("day,y,y\n1,2,3\n", {"targets": ["y"]}, "some.csv has two columns `y`"),
    ],
)
def test_unreadable_files_are_refused(tmp_path: Path, content: str, changes: dict, message: str):
    with pytest.raises(ZooError, match=message):
        series(tmp_path, content, **changes).setup()


def test_a_short_series_reports_the_required_length(tmp_path: Path):
    with pytest.raises(ZooError, match=r"has 12 points; .* need at least 15") as caught:
        series(tmp_path, days(12)).setup()
    least = int(str(caught.value).split()[-1])
    series(tmp_path, days(least)).setup()
    with pytest.raises(ZooError, match="need at least 15"):
        series(tmp_path, days(least - 1)).setup()


def test_a_missing_file_and_an_unknown_format_are_refused(tmp_path: Path):
    with pytest.raises(ZooError, match=r"none.csv does not exist"):
        Series(path=str(tmp_path / "none.csv"), **OPTIONS).setup()
    with pytest.raises(ZooError, match=r"a.json is none of: .csv, .txt, .tsv, .parquet"):
        series(tmp_path, "{}", "a.json").setup()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"split": [0.5, 0.5]}, r"`data.split` \(=\[0.5, 0.5\]\) must be three positive fractions"),
        ({"stride": 0}, r"`data.stride` \(=0\) must be at least 1"),
        ({"fill": "linear"}, r"`data.fill` \(=linear\) must be one of: null, forward, zero"),
        ({"scaler": "robust"}, r"`data.scaler` \(=robust\) must be one of: standard, none"),
        ({"calendar": ["year"]}, r"`data.calendar` \(=year\) must be among: minute, hour"),
        ({"time": None, "calendar": ["month"], "targets": ["y"]}, r"`data.calendar` needs times"),
    ],
)
def test_bad_options(tmp_path: Path, changes: dict, message: str):
    with pytest.raises(ZooError, match=message):
        series(tmp_path, days(50), **changes).setup()


@pytest.mark.parametrize("length", [40, 41, 47, 99])
def test_splits_cover_every_step(length: int):
    parts = cut(length, (0.6, 0.2, 0.2), 5, 3)
    assert parts is not None
    assert parts["train"][0] == 0
    assert parts["val"][0] + 5 == parts["train"][1]
    assert parts["test"][0] + 5 == parts["val"][1]
    assert parts["test"][1] == length


def test_a_constant_known_column_is_not_scaled_by_its_rounding_error(tmp_path: Path):
    data = series(tmp_path, days(50).assign(price=[0.1] * 45 + [0.2] * 5), future_covariates=["price"])
    assert data.metadata()["known_scale"] == [1.0]
