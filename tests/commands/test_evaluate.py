import json

import pytest


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
