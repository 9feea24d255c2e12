"""Tables of files: kinds of columns, scaling, splits, and what is refused or reported."""

import numpy as np
import pandas as pd
import pytest
import torch
from table_sets import frame, table

from zoo.data.table.columns import UNKNOWN, from_plain
from zoo.data.table.target import Target
from zoo.errors import ZooError
from zoo.run.build import require_matching_data


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "houses.csv"
    frame().to_csv(path, index=False)
    return path


def saved(folder, data, name="a.csv"):
    data.to_csv(folder / name, index=False)
    return folder / name


def test_kinds_scales_and_codes_are_those_of_the_training_part(path, capsys):
    data = table(path)
    data.setup()
    assert [(column.name, column.kind) for column in data.columns] == [
        ("size", "number"),
        ("noise", "number"),
        ("sold", "date"),
        ("city", "category"),
    ]
    assert data.columns[-1].categories == ["Bern", "Oslo", "Rome"]
    train, _ = data.dataset("train").arrays()
    np.testing.assert_allclose(train[:, :3].mean(0), 0, atol=1e-12)
    np.testing.assert_allclose(train[:, :3].std(0), 1)
    assert (train[:, 3:].sum(1) == 1).all()
    test, _ = data.dataset("test").arrays()
    assert abs(test[:, :3].mean(0)).min() > 1e-3
    assert data.metadata()["in_features"] == 3
    assert data.feeds == {"table regression"}
    out = capsys.readouterr().out
    assert "2 numbers, 1 date, 1 category; the target `y` is a number" in out
    assert "rows: train 36, val 12, test 12" in out


def test_all_formats_give_the_same(path, tmp_path):
    plain = table(path)
    frame().to_parquet(tmp_path / "a.parquet")
    frame().to_csv(tmp_path / "a.csv.gz", index=False)
    for name in ("a.parquet", "a.csv.gz"):
        other = table(tmp_path / name)
        for split in ("train", "val", "test"):
            for one, two in zip(plain.dataset(split).arrays(), other.dataset(split).arrays(), strict=True):
                np.testing.assert_allclose(one, two, rtol=1e-12)
    numbers = frame()[["size", "noise", "y"]].to_numpy()
    np.save(tmp_path / "a.npy", numbers)
    array = table(tmp_path / "a.npy", target=None)
    array.setup()
    assert array.target_column.name == "2"
    assert [column.name for column in array.columns] == ["0", "1"]


def test_classes_are_stratified_and_texts_or_few_whole_numbers(tmp_path):
    data = frame(100).assign(y=["b"] * 80 + ["a"] * 20)
    classes = table(saved(tmp_path, data))
    classes.setup()
    assert classes.target_column.class_names == ["a", "b"]
    for split in ("train", "val", "test"):
        assert classes.dataset(split).targets.float().mean() == 0.8
    assert classes.feeds == {"table classification"}
    grades = saved(tmp_path, data.assign(y=np.arange(100) % 3))
    assert table(grades).metadata()["num_classes"] == 3
    assert table(grades, target_is="number").metadata()["target_center"] == pytest.approx(1, abs=0.2)
    assert table(saved(tmp_path, data.assign(y=np.arange(100))), target_is="auto").metadata()["target_scale"] > 1


def test_groups_stay_together_and_the_latest_are_the_test(path):
    grouped = table(path, split="group", split_by="city", leave_out=["sold"])
    grouped.setup()
    assert "city" not in [column.name for column in grouped.columns]
    assert sum(len(grouped.dataset(split)) for split in ("train", "val", "test")) == 60
    timed = table(path, split="time", split_by="sold")
    timed.setup()
    order = np.argsort(frame()["sold"].to_numpy(), kind="stable")
    expected = frame()["y"].to_numpy()
    assert set(timed.dataset("test").targets.tolist()) <= set(expected[order[-14:]].tolist())
    assert timed.dataset("train").targets.shape == (36,)


def test_a_column_or_a_folder_gives_the_splits(tmp_path):
    words = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
    marked = table(saved(tmp_path, frame().assign(part=words)), split="column", split_by="part")
    assert marked.dataset("test").targets.tolist() == frame()["y"].tolist()[50:]
    folder = tmp_path / "folder"
    folder.mkdir()
    saved(folder, frame()[:50], "train.csv")
    saved(folder, frame()[50:], "test.csv")
    given = table(folder)
    assert given.dataset("test").targets.tolist() == frame()["y"].tolist()[50:]
    assert len(given.dataset("val")) == 10


def test_missing_values_are_imputed_only_as_requested(tmp_path):
    data = frame()
    data.loc[3, "size"] = np.nan
    data.loc[4, "city"] = None
    path = saved(tmp_path, data)
    with pytest.raises(
        ZooError, match=r"row 4, column `size`: the value is missing; .* `size` 1, `city` 1: data.impute"
    ):
        table(path).setup()
    filled = table(path, impute="median")
    filled.setup()
    assert filled.missing == {"size": 1, "city": 1}
    assert filled.columns[0].fill == pytest.approx(data["size"].median(), rel=0.05)
    assert all(values.isfinite().all() for values, _ in filled.train_dataloader())


def test_rows_without_a_target_are_left_out_and_counted(tmp_path, capsys):
    data = frame()
    data.loc[[1, 5], "y"] = np.nan
    found = table(saved(tmp_path, data))
    assert sum(len(found.dataset(split)) for split in ("train", "val", "test")) == 58
    assert "2 of 60 rows are left out, whose target `y` is missing" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        ({}, {"target": "price"}, "unknown column `price`"),
        ({"y": np.nan}, {}, "the target `y` is missing in every row"),
        ({"y": 7.0}, {}, "the target `y` is 7 in every row: there is nothing to learn"),
        ({"y": "2024-05-01"}, {}, "the target `y` holds dates"),
        ({"size": [1.0] * 59 + ["big"]}, {}, "row 60, column `size`: 'big' is no number; data.categories=.size."),
        ({"size": [1.0] * 59 + [np.inf]}, {}, "row 60, column `size`: the value is infinite"),
        ({"sold": ["2024-01-01"] * 59 + ["soon"]}, {}, "row 60, column `sold`: 'soon' is no date"),
        ({"city": [f"a{n}" for n in range(60)]}, {"leave_out": ["town"]}, "data.leave_out`: unknown column `town`"),
        ({}, {"split": "group"}, "needs data.split_by=COLUMN"),
        ({}, {"split": "group", "split_by": "where"}, "data.split_by`: unknown column `where`"),
        ({}, {"split": "time", "split_by": "city"}, "holds text, and data.split=time needs dates or numbers"),
        ({}, {"split": "column", "split_by": "city"}, "is none of train, val and test"),
        ({}, {"split": "stratified"}, "needs classes, and the target is a number"),
        ({"y": ["a"] * 59 + ["b"]}, {}, "class `b` has 1 rows"),
        ({}, {"impute": "mode"}, "`data.impute` .=mode. must be one of: null, median, mean, zero"),
        ({}, {"target_is": "number", "target": "city"}, "holds text"),
        ({}, {"leave_out": ["size", "noise", "city", "sold"]}, "no column but the target"),
    ],
)
def test_bad_input_is_one_line(tmp_path, change, options, message):
    with pytest.raises(ZooError, match=message) as found:
        table(saved(tmp_path, frame().assign(**change)), **options).setup()
    assert "\n" not in str(found.value)


@pytest.mark.parametrize(
    ("change", "note"),
    [
        ({"copy": frame()["y"] * 2 + 5}, "leak: column `copy` equals the target `y`"),
        ({"id": range(60)}, "column `id` has another value in each row, as an id"),
        ({"name": [f"house {n}" for n in range(60)]}, "column `name` has another value in each row, as an id"),
        ({"same": 1.5}, "column `same` is constant in the training part"),
        ({f"x{n}": np.random.default_rng(n).normal(size=60) for n in range(40)}, "46 inputs for 36 training rows"),
    ],
)
def test_what_is_suspicious_is_a_note(tmp_path, capsys, change, note):
    data = table(saved(tmp_path, frame().assign(**change)))
    data.setup()
    assert any(note in each for each in data.notes)
    assert note in capsys.readouterr().err
    if "leave_out" in next(each for each in data.notes if note in each):
        assert table(saved(tmp_path, frame().assign(**change)), leave_out=[*change]).dataset("test")


def test_a_leak_of_classes_is_named(tmp_path):
    labels = np.array(["no", "yes"])[np.arange(60) % 2]
    data = table(saved(tmp_path, frame().assign(y=labels, code=np.arange(60) % 2)))
    data.setup()
    assert any("leak: column `code` equals the target `y`" in note for note in data.notes)


def test_an_unseen_category_is_unknown_and_counted(tmp_path):
    data = frame().assign(part=["train"] * 40 + ["val"] * 10 + ["test"] * 10)
    data.loc[55, "city"] = "Wien"
    found = table(saved(tmp_path, data), split="column", split_by="part")
    found.setup()
    assert found.dataset("test").encoded.codes[5] == UNKNOWN
    assert found.dataset("test")[torch.tensor([5])][0][0, 3:].tolist() == [0, 0, 0]
    assert any(
        "test: 1 of 10 rows have a category of `city` that training lacks (Wien)" in note for note in found.notes
    )


def test_rows_that_are_in_two_splits_are_counted(tmp_path):
    part = ["train"] * 60 + ["val", "test"]
    data = pd.concat([frame(), frame()[:2]]).assign(part=part)
    found = table(saved(tmp_path, data), split="column", split_by="part")
    found.setup()
    assert "test: 1 of 1 rows have the same inputs as a training row" in found.notes


def test_a_zip_code_is_a_category_if_named(tmp_path):
    codes = np.array(["0101", "0202", "3003"])[np.arange(60) % 3]
    path = saved(tmp_path, frame().assign(zip=codes))
    data = table(path, categories=["zip"])
    data.setup()
    assert data.columns[-1].categories == ["0101", "0202", "3003"]
    plain = table(saved(tmp_path, frame().assign(zip=np.char.lstrip(codes, "0"))))
    plain.setup()
    assert next(column for column in plain.columns if column.name == "zip").kind == "number"


def test_columns_of_an_edited_checkpoint_are_refused():
    for entry in ({"name": "a", "kind": "number", "scale": 0.0}, {"name": "a", "kind": "code"}, {"nam": "a"}, 3):
        with pytest.raises(ZooError, match="the file was edited"):
            from_plain([entry])
    with pytest.raises(ZooError, match="the file was edited"):
        Target.from_plain({"name": "y", "scale": -1.0})


def test_the_models_that_suit_the_target_are_named(tmp_path):
    data = frame()
    data.to_csv(tmp_path / "a.csv", index=False)
    source = table(tmp_path / "a.csv")
    assert "model=two_layer," in source.suitable_models()
    assert "model=two_layer_regression," in source.suitable_models()
    source.setup()
    target = "zoo.tasks.classification.table.TableClassification"
    with pytest.raises(ZooError, match=r"model=two_layer_regression, .*; data.target_is=classes makes classes"):
        require_matching_data(target, source, model="two_layer", data="table")
