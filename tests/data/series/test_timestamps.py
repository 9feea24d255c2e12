import numpy as np
import pandas as pd
import pytest

from zoo.data.series.timestamps import Step, check_stamps, continue_stamps, keeps_step, parse_stamps, plain_stamp
from zoo.errors import ZooError


def read(stamps: object) -> tuple[np.ndarray, Step]:
    column = pd.Series(stamps)
    values, zone = parse_stamps(column, "t", "file")
    return values, check_stamps(values, zone, column.index.to_numpy() + 1, "t", "file")


def goes_on(stamps: object, count: int = 2) -> list[str | int | float]:
    values, step = read(stamps)
    return [plain_stamp(stamp, step.zone) for stamp in continue_stamps(values[-1], step, count)]


@pytest.mark.parametrize("frequency", ["D", "h", "15min", "MS", "ME", "W-SAT", "B", "YS-JAN", "QS-OCT"])
def test_times_continue_like_pandas_date_range(frequency: str):
    times = pd.date_range("2027-12-20", periods=9, freq=frequency)
    expected = times[4:].to_numpy(dtype="datetime64[us]")
    assert np.array_equal(continue_stamps(times[3].to_datetime64(), Step("time", frequency), 5), expected)


@pytest.mark.parametrize(
    ("stamps", "step", "expected"),
    [
        ([2006, 2008], "2", [2010, 2012]),
        ([0.0, 0.25, 0.5], "0.25", [0.75, 1.0]),
        ([0.1, 0.2, 0.3, 0.4], "0.1", [0.5, 0.6]),
        ([0.5, 1.5, 2.5], "1", [3.5, 4.5]),
        ([1234567, 2469134], "1234567", [3703701, 4938268]),
        ([10**18, 10**18 + 3_600_000_000_001], "3600000000001", [10**18 + 2 * 3_600_000_000_001]),
        ([1.7e9 + 0.001 * k for k in range(50)], "0.001", [1700000000.05, 1700000000.051]),
        ([200011, 200012, 200013], "1", [200014, 200015]),  # no month 13: a counter
        ([1990, 2000, 2010], "10", [2020, 2030]),
        ([k / 3 for k in range(40)], "0.333333333333333", [40 / 3]),
    ],
)
def test_numbers_continue_by_their_step(stamps: list, step: str, expected: list):
    assert read(stamps)[1] == Step("number", step) or float(read(stamps)[1].size) == pytest.approx(float(step), 1e-14)
    found = goes_on(stamps, len(expected))
    assert found == pytest.approx(expected, rel=1e-15 if isinstance(expected[0], float) else 0)
    assert [type(value) for value in found] == [type(value) for value in expected]


@pytest.mark.parametrize(("first", "last"), [("1000-01-01", "1004-01-01"), ("2261-01-01", "2265-01-01")])
def test_distant_years_do_not_overflow(first: str, last: str):
    year = int(first[:4])
    assert goes_on([f"{year + k}-01-01" for k in range(4)])[0] == f"{last}T00:00:00"


@pytest.mark.parametrize("count", [8_000, 10_000_000])
def test_times_beyond_the_year_9999_are_refused(count: int):
    with pytest.raises(ZooError, match=f"{count} steps of YS-JAN after 2026-01-01 end beyond the year 9999"):
        continue_stamps(np.datetime64("2026-01-01"), Step("time", "YS-JAN"), count)


def test_times_with_an_offset_are_converted_to_utc():
    local = [f"2026-01-0{day}T12:00+02:00" for day in (1, 2, 3)]
    assert read(local)[1] == Step("time", "D", "+00:00")
    assert goes_on(local, 1) == ["2026-01-04T10:00:00+00:00"]
    berlin = pd.date_range(
        "2026-03-28 12:00", periods=30, freq="h", tz="Europe/Berlin"
    )  # across a change to summer time
    assert goes_on(berlin, 1) == [(berlin[-1].tz_convert("UTC") + pd.Timedelta("1h")).isoformat()]


@pytest.mark.parametrize(
    ("stamps", "message"),
    [
        (
            ["2026-01-01T00:00Z", "2026-01-02T00:00"],
            "row 2, column `t`: 2026-01-02T00:00 has no offset .* row 1 has one",
        ),
        (["2026-01-01", "2026-01-02T00:00+01"], r"row 2, .*\+01 has an offset from UTC, where row 1 has none"),
        (["2026-01-01T00:00Z", None], "row 2, column `t`: the time is missing"),
        (pd.array([2000, None], dtype="Int64"), "row 2, column `t`: the time is missing"),
        (
            [f"2026-0{month}-15" for month in (1, 2, 3, 4)],
            "row 3, .* after 28 days.* 31 days is usual: .* each row is a step .* train without data.time",
        ),
        ([1.7e9, 1.7e9 + 0.001, 1.7e9 + 0.003], "row 3, .* after 0.00"),
        (range(200001, 200013), "column `t`: 200001, 200002, … look like dates, but are read as numbers: write dates"),
        ([20200101.0 + day for day in range(30)], "20200101, 20200102, … look like dates"),
        ([20000101, 20010101, 20020101], "look like dates"),
        (range(2020010100, 2020010124), "look like dates"),
        (range(202001010000, 202001010060, 15), "look like dates"),
    ],
)
def test_invalid_stamps_are_refused(stamps: object, message: str):
    with pytest.raises(ZooError, match=message):
        read(stamps)


@pytest.mark.parametrize(
    ("stamps", "step", "fits"),
    [
        (["2026-01-01", "2026-02-01"], Step("time", "MS"), True),  # on their own they look 31 days apart
        (["2026-01-01", "2026-02-02"], Step("time", "MS"), False),
        (["2026-01-01"], Step("time", "MS"), True),
        (["2026-01-02"], Step("time", "MS"), False),
        (["2026-01-01"], Step("number", "1"), False),
        ([7], Step("number", "3"), True),
        ([0.1, 0.2], Step("number", "0.10000001"), True),
        ([0.1, 0.2], Step("number", "0.101"), False),
        (["2026-01-01T00:00Z", "2026-01-02T00:00Z"], Step("time", "D"), False),
    ],
)
def test_a_file_must_have_the_step_of_training(stamps: list, step: Step, fits: bool):
    assert keeps_step(*read(stamps), step) is fits
