"""Columns of text in files whose fields, quotes and names are not as the header says: never read as something else."""

import json
import unicodedata

import pandas as pd
import pytest
from text_sets import text_table

from zoo.data.text.tables import read_columns
from zoo.errors import ZooError

ROWS = [(f"hello {number}", "ab"[number % 2]) for number in range(20)]


def columns(path, content: str):
    path.write_text(content)
    return read_columns(path, ["text", "label"], options="data.text=… or data.label=…")


def lines(rows, separator: str = ",", header: str = "text,label", end: str = "") -> str:
    return "".join(f"{line}\n" for line in [header, *(separator.join(row) + end for row in rows)])


def refused(path, content: str) -> str:
    with pytest.raises(ZooError) as error:
        columns(path, content)
    return str(error.value)


@pytest.mark.parametrize("count", [1, 20])
def test_texts_with_commas_without_quotes_are_refused(tmp_path, count):
    rows = [(f"dear sir, {text}" if k < count else text, label) for k, (text, label) in enumerate(ROWS)]
    said = refused(tmp_path / "a.csv", lines(rows))
    assert said.endswith(
        "more fields in its rows than in its header: name every column, and put cells that hold a separator in quotes"
    )
    said = refused(tmp_path / "a.csv", lines([*ROWS, *rows]))
    assert said.endswith("Expected 2 fields in line 22, saw 3; put cells that hold a separator in quotes")
    quoted = [(f'"{text}"', label) for text, label in rows]
    assert columns(tmp_path / "a.csv", lines(quoted))[0] == [text for text, _ in rows]


def test_an_only_column_of_texts_with_commas_is_refused(tmp_path):
    (tmp_path / "new.csv").write_text("text\nhello, you\nand you\n")
    with pytest.raises(ZooError, match=r"begins with `text` above its header: .*; if it is the header, put cells"):
        read_columns(tmp_path / "new.csv", ["text"], options="column=…")


def test_commas_at_the_ends_of_lines_and_spaces_in_the_header_are_no_column(tmp_path):
    expected = [list(column) for column in zip(*ROWS, strict=True)]
    assert columns(tmp_path / "a.csv", lines(ROWS, end=",")) == expected
    assert columns(tmp_path / "a.csv", lines(ROWS, header="text, label")) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", lines(ROWS, ";", header="text;label"), "separates its columns by `;`: save it with commas between"),
        ("a.csv", lines(ROWS, "\t", header="text\tlabel"), "separates its columns by tabs: save it as .tsv"),
        (
            "a.csv",
            lines(ROWS[1:], header="hello 0,a"),
            "there are: hello 0, a; give data.text=… or data.label=…; its first",
        ),
        ("a.csv", lines(ROWS, header="Text,Label"), "has no column `text` and `label`; there are: Text, Label; give"),
        ("a.csv", lines(ROWS, header="text,text"), "has two columns `text`"),
    ],
)
def test_other_headers_and_separators_are_named(tmp_path, name, content, message):
    assert message in refused(tmp_path / name, content)


def test_a_quotation_mark_that_joins_rows_of_a_tsv_file_is_named(tmp_path):
    rows = [('"quote at start', "a"), *ROWS, ('end"', "b")]
    said = refused(tmp_path / "a.tsv", lines(rows, "\t", header="text\tlabel"))
    assert "row 1, column `text`: a quotation mark before `quote at start" in said
    assert "joins 22 lines: remove it, or write the text in quotes" in said
    pd.DataFrame(rows, columns=["text", "label"]).to_csv(tmp_path / "a.tsv", sep="\t", index=False)
    assert columns(tmp_path / "b.tsv", (tmp_path / "a.tsv").read_text())[0] == [text for text, _ in rows]
    assert columns(tmp_path / "b.tsv", 'text\tlabel\n"two\nlines"\ta\n5" screen\tb\n')[0] == ["two\nlines", '5" screen']


def test_codes_keep_their_characters(tmp_path):
    found = columns(tmp_path / "a.csv", "text,label,other\nnull,NA,1\n007,01,2\n,1,x\n")
    assert found == [["null", "007", None], ["NA", "01", "1"]]


def test_numbers_and_truth_values_of_records_are_classes_as_in_tables(tmp_path):
    values = [1, 1.0, "1", " 1 ", 1.5, True, "true", None, ""]
    content = "".join(json.dumps({"text": "x", "label": value}) + "\n" for value in values)
    assert columns(tmp_path / "a.jsonl", content)[1] == ["1", "1", "1", "1", "1.5", "true", "true", None, None]


def test_the_index_of_a_parquet_file_is_a_column(tmp_path):
    pd.DataFrame(ROWS, columns=["text", "label"]).set_index("label").to_parquet(tmp_path / "a.parquet")
    assert read_columns(tmp_path / "a.parquet", ["label"], options="")[0] == [label for _, label in ROWS]


def test_classes_in_other_capitals_or_letters_are_named_and_spaces_are_none(tmp_path, caplog):
    names = ["a", "a ", "b", "B", unicodedata.normalize("NFC", "é"), unicodedata.normalize("NFD", "é")]
    path = tmp_path / "a.csv"
    path.write_text(lines([(f"hello {number}", names[number % 6]) for number in range(60)]))
    assert len(text_table(path).read()[1]) == 5
    assert caplog.messages == [
        f"`{first}` and `{other}` are read as two classes: if they are one, write it in one way"
        for first, other in [("B", "b"), (names[5], names[4])]
    ]


def test_a_line_that_is_no_json_is_named(tmp_path):
    (tmp_path / "a.jsonl").write_text('{"text": "x", "label": 1}\n\n{"text": "x",\n')
    with pytest.raises(ZooError, match=r"a.jsonl, line 3: no JSON, "):
        read_columns(tmp_path / "a.jsonl", ["text"], options="")
