"""Tables as pandas, R, Excel and data bases write them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from series_tables import UNTIMED, days, panel, table

from zoo.data.frames.files import read_frame
from zoo.errors import ZooError


@pytest.mark.parametrize("start", [0, 1, 1000])
def test_row_labels_are_no_targets(tmp_path: Path, capsys: pytest.CaptureFixture[str], start: int):
    frame = days(50)
    frame.index = pd.RangeIndex(start, start + 50)
    found = table(tmp_path, frame.to_csv())
    assert found.columns.targets == ["y"]
    said = capsys.readouterr().out
    assert "some.csv: forecasts y; reads the time in day\n" in said
    assert "leaves out `Unnamed: 0`, which has no name, and numbers the rows" in said


def test_labels_of_kept_rows_and_counters_are_no_targets(tmp_path: Path):
    frame = days(60).assign(id=range(60), year=range(2000, 2060), dummy=[0, 1] * 30, empty=np.nan)
    found = table(tmp_path, frame.assign(**{"": np.arange(60) ** 2}))
    assert found.columns.targets == ["y", "dummy"]
    assert found.left_out["empty"] == "is empty"
    assert found.left_out["year"].startswith("rises evenly with the rows: data.time=year")
    assert table(tmp_path, days(50).assign(y=range(50))).columns.targets == ["y"]  # the only one
    assert table(tmp_path, frame, targets=["year"]).columns.targets == ["year"]


@pytest.mark.parametrize("order", [lambda i: 49 - i, lambda i: i * 7 % 50, lambda i: 3 * (i * 7 % 50) + i // 30])
def test_row_labels_in_any_order_are_no_targets(tmp_path: Path, order):
    frame = days(50).set_index(pd.Index([order(i) for i in range(50)]))
    assert table(tmp_path, frame.to_csv()).columns.targets == ["y"]
    assert table(tmp_path, frame, "a.parquet").columns.targets == ["y"]


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("row", [*range(1, 50, 2), *range(52, 101, 2)]),
        ("No.", range(50, 0, -1)),
        ("any", range(50, 0, -1)),
        ("Row_ID", np.arange(50) ** 2),
        ("#", np.arange(50) ** 2),
    ],
)
def test_named_counters_are_no_targets(tmp_path: Path, name: str, numbers):
    found = table(tmp_path, days(50).assign(**{name: numbers}))
    assert found.columns.targets == ["y"]
    assert "data.targets=[…] forecasts it" in found.left_out[name]
    assert ("data.time=" in found.left_out[name]) == (numbers[0] < numbers[1])


@pytest.mark.parametrize(
    ("name", "numbers"), [("NO", [3, 9, 4] * 20), ("deaths", np.arange(60) ** 2), ("index", [7, 9, 8] * 20)]
)
def test_whole_numbers_that_count_no_rows_are_targets(tmp_path: Path, name: str, numbers):
    assert table(tmp_path, days(60).assign(**{name: numbers})).columns.targets == ["y", name]


def test_an_index_that_repeats_a_column_or_holds_periods_is_read(tmp_path: Path):
    frame = days(50)
    twice = frame.set_index(pd.Index(frame["day"], name="day"))
    assert table(tmp_path, twice, "a.parquet").columns.targets == ["y"]
    months = frame.drop(columns="day").set_index(pd.period_range("2020-01", periods=50, freq="M", name="day"))
    assert table(tmp_path, months, "a.parquet").step.size == "MS"


def test_spaces_around_names_do_not_count(tmp_path: Path):
    text = panel("a", "b").to_csv(index=False).replace("shop,day,y", "shop , day, y ").replace("b,", "b ,")
    assert table(tmp_path, text, series="shop").names == ["a", "b"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("sep=,\nday,y\n1,2\n", "begins with `sep=,`, which is no header: remove this line"),
        ("Sales of 2020\nday,y\n1,2\n", "begins with `Sales of 2020` above its header"),
        ("# made by x, y\nday,y\n2020-01-01,2\n", "begins with `# made by x, y` above its header: remove"),
        ("# made by x, y, z\nday,y\n2020-01-01,2\n", "begins with `# made by x, y, z` above its header: remove"),
        ("PK\x03\x04", "is an Excel or zip file"),
        ("<!DOCTYPE html>\n", "is HTML or XML, not a table"),
        ("version https://git-lfs.github.com/spec/v1\n", "is a pointer of Git LFS"),
        ('day,y\n1,"2,5"\n', "row 1, column `y`: '2,5' is no number: write numbers with a point"),
        ("day,y\n1,5 %\n", "'5 %' is no number: write numbers with a point, and without separators or units"),
        (
            "day,y\n202011,1\n202012,2\n202101,3\n",
            "look like dates, but are read as numbers: write dates as 2026-01-31 or 2026-01",
        ),
    ],
)
def test_what_is_no_plain_table_is_named(tmp_path: Path, content: str, message: str):
    with pytest.raises(ZooError, match=message):
        table(tmp_path, content)


def test_text_of_another_encoding_is_refused_in_words(tmp_path: Path):
    (tmp_path / "a.csv").write_bytes("day,Umsätze\n1,2\n".encode("latin-1"))
    with pytest.raises(ZooError, match="is no text in UTF-8: save it as UTF-8"):
        read_frame(tmp_path / "a.csv", header=True)


def test_an_index_of_parquet_is_read(tmp_path: Path):
    frame = days(50)
    frame["day"] = pd.to_datetime(frame["day"])
    unnamed = frame.set_index("day").rename_axis(None)
    assert table(tmp_path, unnamed, "a.parquet", time="index").step.size == "D"
    with pytest.raises(ZooError, match="if it is the column of times, give data.time=index"):
        table(tmp_path, unnamed, "a.parquet", time=None)
    shops = panel("a", "b").set_index(["shop", "day"])
    assert table(tmp_path, shops, "a.parquet", series="shop").lengths == [30, 30]
    kept = frame.iloc[np.r_[0, 2:50]].drop(columns="day")
    assert table(tmp_path, kept, "a.parquet", time=None).columns.targets == ["y"]


@pytest.mark.parametrize("names", [("007", "7", "07"), ("NA", "DE", "null"), ("1e3", "1000", "nan"), ("1", "2", "3")])
def test_names_of_series_are_read_as_written(tmp_path: Path, names: tuple[str, ...]):
    assert table(tmp_path, panel(*names), series="shop").names == list(names)


def test_a_series_without_a_name_is_refused(tmp_path: Path):
    with pytest.raises(ZooError, match="row 31, column `shop`: the name of the series is missing"):
        table(tmp_path, panel("a", " "), series="shop")


def test_a_comma_after_the_last_value_is_no_column(tmp_path: Path):
    text = days(50).assign(z=np.arange(50) ** 2).to_csv(index=False).replace("\n", ",\n").replace("day,y,z,", "day,y,z")
    assert table(tmp_path, text).values[0].tolist() == [2.0, 0.0]
    assert table(tmp_path, text.replace("day,y,z", "day,y,z,")).values[0].tolist() == [2.0, 0.0]
    with pytest.raises(ZooError, match="has more fields in its rows than in its header: name every column"):
        table(tmp_path, days(50).to_csv().replace(",day,y", "day,y"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("date;y, in EUR\n2020-01-01;10.0\n2020-01-02;10.3\n", "separates its columns by `;`"),
        ("date;a;b\n2020-01-01;1,5;2\n2020-01-02;1;2,5\n", "separates its columns by `;`"),
        ("date;a, x\n2020-01-01;1,5\n2020-01-02;1,2\n", "separates its columns by `;`"),
        ("date\ty\n2020-01-01\t10.0\n", "separates its columns by tabs: save it as .tsv"),
        ("date|y\n2020-01-01|10.0\n", "separates its columns by `|`"),
        ("2020-01-01,10.0\n2020-01-02,10.3\n", r"begins with values \(2020-01-01,10.0\), .* give data.header=false"),
        ("112\n118\n132\n", "begins with values"),
        ("5,10,15\n30,20,50\n", r"begins with values \(5,10,15\), .* data.header=false, or names with letters"),
        ("0,30\n10,33\n20,31\n", "begins with values"),
        ("a,2020-01-01,1.5\nb,2020-01-01,2.5\n", "begins with values"),
    ],
)
def test_a_file_that_pandas_would_misread_is_refused(tmp_path: Path, text: str, message: str):
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(ZooError, match=message.replace("|", r"\|")):
        read_frame(tmp_path / "a.csv", header=True)


@pytest.mark.parametrize(
    "text",
    [
        "0,1,2\n5,6.5,7\n8,9,9\n",
        "2010,2011\n5,6\n7,8\n",
        "date,0\n2020-01-01,5\n",
        "0\n5\n6\n",
        'a,"b;c"\n1,2\n',
        "1,2,3\n5,6,7\n",
        "x,1990,2000\na,5,6\n",
        "#t,y\n1,2\n",
        "#s,t\na,b\n",
    ],
)
def test_numbers_may_be_names(tmp_path: Path, text: str):
    (tmp_path / "a.csv").write_text(text)
    assert len(read_frame(tmp_path / "a.csv", header=True)) == text.count("\n") - 1


def test_a_blank_line_between_values_is_a_missing_one(tmp_path: Path):
    values = [f"{value}" for value in days(40)["y"]]
    text = "\n".join(["", "y", "", *values[:20], "", "", *values[20:], "", ""]) + "\n"
    with pytest.raises(ZooError, match="column `y` misses 2 of 42 values, the first in row 21: data.fill=forward"):
        table(tmp_path, text, **UNTIMED)
    found = table(tmp_path, text, **UNTIMED, fill="forward")
    assert found.values[18:23, 0].tolist() == [float(values[k]) for k in (18, 19, 19, 19, 20)]
    assert len(found.values) == 42
    headless = text.replace("y\n\n", "", 1).replace("\n", "\r\n")
    assert np.array_equal(table(tmp_path, headless, **UNTIMED, fill="forward", header=False).values, found.values)


def test_a_missing_value_at_the_end_is_no_blank_line(tmp_path: Path):
    text = days(40)[["y"]].to_csv(index=False)
    with pytest.raises(ZooError, match="misses 1 of 41 values, the first in row 41"):
        table(tmp_path, text + "NA\n\n", **UNTIMED)
    assert table(tmp_path, text + "\n\n", **UNTIMED).lengths == [40]


@pytest.mark.parametrize("changes", [{}, {"series": "shop"}, {"series": "shop", "time": None, "targets": ["y"]}])
def test_blank_lines_between_rows_with_a_time_or_a_name_are_skipped(tmp_path: Path, changes: dict):
    frame = panel("a", "b") if changes else days(30)
    lines = frame.to_csv(index=False).splitlines()
    assert table(tmp_path, "\n".join([*lines[:31], "", "", *lines[31:], ""]), **changes).lengths[0] == 30


def test_numbers_taken_for_names_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = days(40)[["y"]].rename(columns={"y": "0"}).to_csv(index=False)
    assert table(tmp_path, text, **UNTIMED).lengths == [40]
    assert "takes its first line (0) for names; data.header=false reads it as values" in capsys.readouterr().err
    table(tmp_path, days(40))
    assert "takes its first line" not in capsys.readouterr().err


def test_names_are_no_values(tmp_path: Path):
    with pytest.raises(ZooError, match="begins with names .day,y., where values are expected: give data.header=true"):
        table(tmp_path, days(50), header=False, time="0")


def test_names_of_two_levels_are_refused(tmp_path: Path):
    frame = pd.DataFrame({("y", "mean"): [1.0, 2.0], ("y", "max"): [1.0, 2.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    with pytest.raises(
        ZooError, match=r"a.parquet names its columns in 2 levels \(y, mean\): join them, as with frame"
    ):
        read_frame(tmp_path / "a.parquet", header=True)
