"""The target of a table: what a model cannot learn is refused, and a column that tells it is named."""

import numpy as np
import pytest
from table_sets import frame, table

from zoo.errors import ZooError
from zoo.run.build import require_matching_data

PART = ["train"] * 40 + ["val"] * 10 + ["test"] * 10


def loaded(path, data, **options):
    data.to_csv(path / "a.csv", index=False)
    found = table(path / "a.csv", **options)
    found.setup()
    return found


@pytest.mark.parametrize(("split", "by"), [("column", PART), ("time", range(60))])
def test_a_class_without_a_training_row_is_refused(tmp_path, split, by):
    data = frame().assign(y=["dear", "cheap"] * 28 + ["free"] * 4, by=by)
    with pytest.raises(ZooError, match="the test rows have the class `free` of `y`, which training lacks"):
        loaded(tmp_path, data, split=split, split_by="by")


@pytest.mark.parametrize(("y", "shown"), [([7.0] * 40 + [*range(20)], "7"), (["a"] * 40 + ["b"] * 20, "a")])
def test_a_target_that_is_constant_in_the_training_part_is_refused(tmp_path, y, shown):
    data = frame().assign(y=y, part=PART)
    with pytest.raises(ZooError, match=f"the target `y` is {shown} in every training row: there is nothing to learn"):
        loaded(tmp_path, data, split="column", split_by="part", target_is="auto" if shown == "a" else "number")


@pytest.mark.parametrize("target", ["number", "classes"])
def test_a_leak_with_empty_cells_is_named(tmp_path, target):
    data = frame()
    if target == "classes":
        data["y"] = np.array(["no", "yes"])[np.arange(60) % 2]
    data = data.assign(copy=data["y"], other=np.where(np.arange(60) < 55, None, data["y"]))
    data.loc[[0, 30, 31], "copy"] = None
    notes = loaded(tmp_path, data, impute="median").notes
    assert any("column `copy` equals the target `y` wherever it has a value" in note for note in notes)
    assert not any("`other` equals" in note for note in notes)  # five rows may be chance


def test_whole_numbers_are_offered_as_numbers_and_text_is_not(tmp_path):
    target = "zoo.tasks.regression.table.TableRegression"
    for values, offered in ((["Oslo", "Rome"], False), ([-1, 2], True)):
        data = loaded(tmp_path, frame().assign(y=values * 30))
        with pytest.raises(ZooError, match="model=two_layer") as found:
            require_matching_data(target, data, model="two_layer_regression", data="table")
        assert ("data.target_is=number" in str(found.value)) is offered


def test_a_check_lists_what_is_suspicious(tmp_path, capsys):
    assert loaded(tmp_path, frame()).check(tmp_path)
    assert capsys.readouterr().out.endswith("no problems\n")
    assert not loaded(tmp_path, frame().assign(copy=frame()["y"])).check(tmp_path)
    ended = capsys.readouterr()
    assert "leak: column `copy`" in ended.err
    assert ended.out.endswith("1 problem\n")


def test_each_split_has_a_marked_row(tmp_path):
    for word in ("val", "test", "train"):
        part = [{word: "val" if word == "train" else "train"}.get(each, each) for each in PART]
        with pytest.raises(ZooError, match=f"`data.split_by`: no row is marked {word}"):
            loaded(tmp_path, frame().assign(part=part), split="column", split_by="part")
