"""Every suite runs; its speed is not tested here."""

import json
from itertools import chain

import pytest
from benchmarks.listing import list_suites

SUITES = list_suites()
SLOW = {"startup", "train", "inference", "recurrent"}


def rows(folder):
    (path,) = (folder / "results").glob("*-quick.json")
    suites = json.loads(path.read_text(encoding="utf-8"))["suites"]
    return {suite: found["rows"] for suite, found in suites.items()}


@pytest.mark.parametrize("suites", [sorted(set(SUITES) - SLOW), pytest.param(sorted(SLOW), marks=pytest.mark.slow)])
def test_suites_run(suites, benchmark, tmp_path):
    ended = benchmark(*suites, "--quick", "--data-root", "nothing")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    found = rows(tmp_path)
    assert list(found) == suites
    for row in chain(*found.values()):
        assert row["verdict"] in ("measured", "not measured")
        assert row["verdict"] == "measured" or row["note"]
    assert [path.name for path in tmp_path.iterdir()] == ["results"], "nothing else is left"


def test_a_missing_peer_is_named_and_the_rest_runs(benchmark, tmp_path):
    ended = benchmark("postprocess", "--quick", hidden="ultralytics")
    assert ended.returncode == 0, ended.stderr
    assert "not measured: ultralytics is not installed: pip install" in ended.stdout
    verdicts = {row["verdict"] for row in rows(tmp_path)["postprocess"]}
    assert verdicts == {"measured", "not measured"}


def test_a_missing_mnist_is_named(benchmark):
    ended = benchmark("mnist", "--quick", "--data-root", "nowhere")
    assert ended.returncode == 0
    assert "not measured: `nowhere/MNIST/raw` does not exist: --data-root names another folder" in ended.stdout


def test_a_benchmark_that_fails_ends_with_one(benchmark, tmp_path):
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)  # holds no files
    ended = benchmark("mnist", "--quick", "--data-root", ".")
    assert ended.returncode == 1
    assert {row["verdict"] for row in rows(tmp_path)["mnist"]} == {"failed"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["minning"], "benchmark.py: unknown suite `minning`: did you mean `mining`?"),
        (["windows", "--device", "tpu"], "`--device` (=tpu) must be one of: auto, cpu, cuda"),
        (["windows", "--threads", "0"], "`--threads` (=0) must be at least 1"),
        (["windows", "--repeats", "0"], "`--repeats` (=0) must be at least 1"),
    ],
)
def test_a_wrong_value_is_refused(words, message, benchmark, tmp_path):
    ended = benchmark(*words)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not list(tmp_path.iterdir())
