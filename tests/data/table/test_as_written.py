"""Cells of tables that say more as they are written: codes with zeros, NA as a class, numbers of other countries."""

import numpy as np
import pandas as pd
import pytest
from table_sets import table

from zoo.errors import ZooError

A = np.random.default_rng(0).normal(size=60).round(3)


def made(tmp_path, name="a.csv", **columns):
    frame = pd.DataFrame({"a": A, **columns})
    path = tmp_path / name
    if path.suffix == ".parquet":
        frame.to_parquet(path, index=False)
    else:
        frame.to_csv(path, index=False)
    return path


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.parquet"])
def test_numbers_with_leading_zeros_are_codes(tmp_path, capsys, name):
    path = made(tmp_path, name, zip=["00451", "9000", "88"] * 20, y=["01", "1", "10"] * 20)
    data = table(path)
    data.setup()
    assert data.target_column.class_names == ["01", "1", "10"]
    assert data.columns[-1].categories == ["00451", "88", "9000"]
    if name != "a.parquet":
        assert data.card()["text_columns"] == ["zip", "y"]
        assert "reads `zip` as categories, since its numbers begin with zeros (00451)" in capsys.readouterr().out


def test_codes_of_a_file_without_names_and_with_commas_after_each_row(tmp_path):
    path = made(tmp_path, n=[5, 7, 3] * 20, y=["01", "1", "10"] * 20)
    lines = path.read_text().splitlines()
    path.write_text("\n".join(lines[1:]))
    data = table(path, header=False, target=2)
    data.setup()
    assert data.target_column.class_names == ["01", "1", "10"]
    path.write_text("\n".join([lines[0], *(line + "," for line in lines[1:])]))
    data = table(path)
    data.setup()
    assert data.target_column.class_names == ["01", "1", "10"]


@pytest.mark.parametrize("values", [[0, 10, 100] * 20, [0.5, 0.25, 0.125] * 20])
def test_other_numbers_stay_numbers(tmp_path, values):
    data = table(made(tmp_path, n=values, y=A**2))
    data.setup()
    assert [column.kind for column in data.columns] == ["number", "number"]
    assert data.card()["text_columns"] == []


@pytest.mark.parametrize("word", ["NA", "None", "null"])
def test_a_word_for_missing_among_classes_is_not_left_out_silently(tmp_path, word):
    path = made(tmp_path, y=[word, "mild", "", "EU"] * 15)
    with pytest.raises(
        ZooError, match=f"`y` is {word} in 15 rows, a class or a missing .* data.categories=.y. takes it"
    ):
        table(path).setup()
    data = table(path, categories=["y"])
    data.setup()
    assert data.target_column.class_names == sorted([word, "mild", "EU"])


@pytest.mark.parametrize("name", ["a.csv", "a.parquet"])
def test_unnamed_row_numbers_are_no_inputs(tmp_path, capsys, name):
    frame = pd.DataFrame({"a": A, "y": A**2}, index=np.random.default_rng(0).permutation(60) * 3)
    path = tmp_path / name
    frame.to_parquet(path) if name == "a.parquet" else frame.to_csv(path)
    data = table(path)
    data.setup()
    assert [column.name for column in data.columns] == ["a"]
    label = "index" if name == "a.parquet" else "Unnamed: 0"
    assert f"leaves out `{label}`, which has no name, and numbers the rows" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["0,5", "1,25", "3"], "column `b`: '0,5' is no number: write numbers with a point, and without sep"),
        (["1,010", "2,000", "30"], "'1,010' is no number"),
        (["12%", "5%", "7%"], r"'12%' is no number: .*; data.categories=\[b\] takes the column as categories"),
        (["31/01/2020", "01/02/2020", "02/02/2020"], r"'31/01/2020' is no date \(month or day first is not guessed\)"),
        (["unknown", "01/02/2020", "02/02/2020"], "'01/02/2020' is no date"),
        (["20 Jun 2020", "1 June 2021", "?"], "'20 Jun 2020' is no date"),
        (["Jun 20, 2020", "Jul 1, 2021", "?"], "'Jun 20, 2020' is no date"),
        (["unknown", *(f"{n},000" for n in range(1, 30))], "'1,000' is no number"),
    ],
)
def test_numbers_and_dates_of_other_countries_are_no_categories(tmp_path, cells, message):
    path = made(tmp_path, b=(cells * 20)[:60], y=A**2)
    with pytest.raises(ZooError, match=message):
        table(path).setup()
    table(path, categories=["b"]).setup()


@pytest.mark.parametrize(
    "cells", [["0-9", "10-19", "20+"], ["3 rooms", "4 rooms", "5"], ["M5", "M6", "8"], ["<5", "5-9", "10+"]]
)
def test_texts_with_digits_are_categories(tmp_path, cells):
    data = table(made(tmp_path, b=cells * 20, y=A**2))
    data.setup()
    assert data.columns[-1].categories == sorted(cells)


def test_a_first_line_that_its_columns_repeat_is_no_header(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("p,x,s\n" + "e,x,s\np,b,w\ne,f,s\n" * 20)
    with pytest.raises(ZooError, match=r"begins with values \(p, x, s\), which its columns hold again, .*header=false"):
        table(path, target=None).setup()
    path.write_text("p,x,class\n" + "e,x,s\np,b,w\ne,f,s\n" * 20)
    table(path, target=None).setup()


def test_classes_of_nearly_one_name_are_named(tmp_path, caplog):
    data = table(made(tmp_path, y=["yes", "Yes", "no"] * 20))
    data.setup()
    assert data.target_column.class_names == ["Yes", "no", "yes"]
    assert "`Yes` and `yes` are read as two classes of the target `y`: if they are one" in caplog.text
