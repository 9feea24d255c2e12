import json

import pytest
from table_sets import frame


def test_evaluate_measures_the_same(command, trained):
    run = trained.parents[1]
    ended = command("evaluate", f"checkpoint={run}/checkpoints/best.ckpt", "runs=evaluated", "baselines=false")
    assert ended.code == 0, ended.err
    (again,) = (ended.folder / "evaluated").rglob("metrics.json")
    expected = json.loads((run / "metrics.json").read_text())["test"]
    assert json.loads(again.read_text())["test"] == pytest.approx(expected, abs=1e-6)


def test_evaluating_on_other_data_is_refused(command, trained):
    ended = command("evaluate", f"checkpoint={trained}", "+data.image_size=28")
    assert ended.code == 2
    assert "the model was made for `image_size` 32, and this data has 28" in ended.err


def test_evaluating_the_same_data_by_name_keeps_its_split(command, trained):
    run = trained.parents[1]
    checkpoint = f"checkpoint={run}/checkpoints/best.ckpt"
    ended = command("evaluate", checkpoint, "data=digits", "runs=evaluated", "baselines=false")
    assert ended.code == 0, ended.err
    (again,) = (ended.folder / "evaluated").rglob("metrics.json")
    expected = json.loads((run / "metrics.json").read_text())["test"]
    assert json.loads(again.read_text())["test"] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError("Unable to allocate 321. GiB"),
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory: 345600000000 bytes"
        ),
    ],
)
def test_full_memory_is_one_line(command, trained, monkeypatch, error):
    def fails(*_, **__):
        raise error

    monkeypatch.setattr("zoo.run.evaluate.build_data", fails)
    ended = command("evaluate", f"checkpoint={trained}")
    assert ended.code == 2
    assert f"{error})" in ended.err
    assert ended.err.count("\n") == 1


def test_another_split_of_the_training_data_is_said(command, trained):
    ended = command("evaluate", f"checkpoint={trained}", "+data.seed=5", "runs=other", "baselines=false")
    assert ended.code == 0, ended.err
    said = "data.seed differs from training: where the samples are split by it, test samples may have been trained on"
    assert f"warning: {said}" in ended.out + ended.err
    (results,) = (ended.folder / "other").rglob("metrics.json")
    assert json.loads(results.read_text())["split_change"].startswith(said)
    page = (results.parent / "report" / "index.html").read_text()
    assert f"Warning: {said}" in page
    assert "used neither for training" not in page


def test_rows_added_to_the_table_of_a_checkpoint_are_said(command, tmp_path):
    frame(60).to_csv(tmp_path / "t.csv", index=False)
    words = ["model=two_layer_regression", "data=table", f"data.path='{tmp_path / 't.csv'}'", "data.target=y"]
    ended = command("train", *words, "trainer.max_epochs=1", "baselines=false")
    assert ended.code == 0, ended.err
    checkpoint = [f"checkpoint={ended.run}/checkpoints/last.ckpt", f"+{words[2]}"]
    ended = command("evaluate", *checkpoint, "runs=same", "baselines=false")
    assert ended.code == 0, ended.err
    assert "warning" not in ended.out + ended.err
    frame(80).to_csv(tmp_path / "t.csv", index=False)
    checkpoint[1] = f"+data.path='{tmp_path}/../{tmp_path.name}/t.csv'"  # the same file
    ended = command("evaluate", *checkpoint, "runs=more", "baselines=false")
    assert ended.code == 0, ended.err
    changed = "the data has changed since training (42 training samples then, 56 now): test samples may have been"
    assert changed in ended.out + ended.err


def test_a_report_on_other_data_does_not_speak_of_one_training_split(command, tmp_path):
    for name, seed in (("t", 0), ("new", 1)):
        frame(60, seed).to_csv(tmp_path / f"{name}.csv", index=False)
    words = ["model=two_layer_regression", "data=table", f"data.path='{tmp_path / 't.csv'}'", "data.target=y"]
    ended = command("train", *words, "trainer.max_epochs=1")
    assert "fitted on the same training split" in (ended.run / "report" / "index.html").read_text()
    checkpoint = f"checkpoint={ended.run}/checkpoints/last.ckpt"
    ended = command("evaluate", checkpoint, f"+data.path='{tmp_path / 'new.csv'}'", "runs=new")
    assert ended.code == 0, ended.err
    (page,) = (ended.folder / "new").rglob("index.html")
    assert "The model was trained on other data" in page.read_text()
    assert "The baselines are fitted on the training split of this data." in page.read_text()


def test_rows_in_another_order_are_said(command, tmp_path):
    frame(60).to_csv(tmp_path / "t.csv", index=False)
    words = ["model=two_layer_regression", "data=table", f"data.path='{tmp_path / 't.csv'}'", "data.target=y"]
    ended = command("train", *words, "trainer.max_epochs=1", "baselines=false")
    frame(60).sort_values("size").to_csv(tmp_path / "t.csv", index=False)
    checkpoint = [f"checkpoint={ended.run}/checkpoints/last.ckpt", f"+{words[2]}"]
    ended = command("evaluate", *checkpoint, "runs=sorted")
    assert ended.code == 0, ended.err
    assert "the data has changed since training (other training samples, or in another order)" in ended.out + ended.err
    (page,) = (ended.folder / "sorted").rglob("index.html")
    assert "The baselines are fitted on the training split of this data." in page.read_text()
