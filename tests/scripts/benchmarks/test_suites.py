"""Every suite runs; its speed is not tested here."""

import json
from itertools import chain

import pytest
from benchmarks.listing import list_suites

SUITES = list_suites()
SLOW = {"startup", "train", "inference", "recurrent", "overhead", "mining", "large", "ratings", "style", "language"}


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
    if "mnist" in suites:
        reason = "not measured: `nothing/MNIST/raw` does not exist: --data-root names another folder"
        assert reason in ended.stdout


def test_after_a_missing_peer_and_a_failure_the_rest_runs(benchmark, tmp_path):
    (tmp_path / "MNIST" / "raw").mkdir(parents=True)  # holds no files
    ended = benchmark("mnist", "postprocess", "--quick", "--data-root", ".", hidden="ultralytics")
    assert ended.returncode == 1, ended.stderr
    assert {row["verdict"] for row in rows(tmp_path)["mnist"]} == {"failed"}
    assert "not measured: ultralytics is not installed: pip install" in ended.stdout
    verdicts = {row["verdict"] for row in rows(tmp_path)["postprocess"]}
    assert verdicts == {"measured", "not measured"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["minning"], "benchmark.py: unknown suite `minning`: did you mean `mining`?"),
        (["windows", "--device", "tpu"], "argument --device: invalid choice: 'tpu'"),
        (["windows", "--threads", "0"], "`--threads` (=0) must be at least 1"),
        (["windows", "--repeats", "0"], "`--repeats` (=0) must be at least 1"),
    ],
)
def test_a_wrong_value_is_refused(words, message, benchmark, tmp_path):
    ended = benchmark(*words)
    assert ended.returncode == 2
    assert message in ended.stderr
    assert not list(tmp_path.iterdir())
