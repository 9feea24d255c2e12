"""Tables of labeled texts: splits, classes, and what is refused."""

from pathlib import Path

import pandas as pd
import pytest
import torch
from text_sets import text_table

from zoo.errors import ZooError

ROWS = [(f"ba do {'ki ' * (number % 5)} lu{number}", "even" if number % 2 == 0 else "odd") for number in range(40)]


def table(rows=ROWS, columns=("text", "label")) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(columns))


def write(folder: Path, frame: pd.DataFrame, kind: str) -> Path:
    path = folder / f"texts.{kind}"
    if kind == "csv":
        frame.to_csv(path, index=False)
    elif kind == "jsonl":
        frame.to_json(path, orient="records", lines=True)
    else:
        frame.to_parquet(path)
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_formats_give_the_same_texts(tmp_path: Path, kind: str):
    data = text_table(write(tmp_path, table(), kind))
    data.setup()
    assert data.metadata()["num_classes"] == 2
    assert data.card()["class_names"] == ["even", "odd"]
    splits = [data.dataset(name) for name in ("train", "val", "test")]
    assert sorted(text for split in splits for text in split.texts) == sorted(text.strip() for text, _ in ROWS)
    tokens, labels = splits[0][torch.arange(3)]
    assert (tokens[:, 0] == data.tokenizer.cls_id).all()
    assert labels.shape == (3,)


def test_given_splits_are_kept(tmp_path: Path):
    for name, rows in (("train", ROWS[:20]), ("valid", ROWS[20:30]), ("test", ROWS[30:])):
        table(rows).to_csv(tmp_path / f"{name}.csv", index=False)
    data = text_table(tmp_path)
    assert [len(data.dataset(name)) for name in ("train", "val", "test")] == [20, 10, 10]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (table(columns=("body", "class")), r"no column `text` and `label`; there are: body, class"),
        (table([*ROWS, ("alone", "rare")]), r"class `rare` has 1 text: at least 3 are needed"),
        (table([("a", "one"), ("b", "one")]), r"has 1 class in column `label`: two are needed"),
        (table([(None, "a"), ("", "b")]), r"has no row with a text and a label"),
        (table([]), r"has a header and no rows"),
        (
            table([("ba", str(number / 7)) for number in range(40)]),
            r"texts.csv, column `label` has 40 different numbers in 40 rows, such as 0.0, and classes repeat: give",
        ),
    ],
)
def test_what_cannot_be_learned_is_refused_in_one_line(tmp_path: Path, frame: pd.DataFrame, message: str):
    with pytest.raises(ZooError, match=message):
        text_table(write(tmp_path, frame, "csv")).setup()


def test_texts_and_labels_have_columns_of_their_own(tmp_path: Path):
    with pytest.raises(ZooError, match="`data.text` and `data.label` name the same column, `label`"):
        text_table(write(tmp_path, table(), "csv"), text="label").setup()


def test_a_byte_that_is_no_text_is_named(tmp_path: Path):
    path = tmp_path / "texts.csv"
    path.write_bytes(b"text,label\ncaf\xe9,a\n")
    with pytest.raises(ZooError, match=r"texts.csv, byte 14: 0xe9 is no UTF-8"):
        text_table(path).setup()


def test_a_class_of_a_given_split_must_be_in_training(tmp_path: Path):
    table().to_csv(tmp_path / "train.csv", index=False)
    table([("x", "new")]).to_csv(tmp_path / "test.csv", index=False)
    with pytest.raises(ZooError, match=r"the test split has the class `new`, which has no text to train on"):
        text_table(tmp_path).setup()
