"""Every suite runs; how fast is nobody's business here."""

import json
from importlib.util import find_spec

import pytest
from benchmarks import peers
from benchmarks.listing import list_suites

SUITES = list_suites()
SLOW = ("startup", "train", "inference", "recurrent")


def rows(ended):
    (path,) = (ended.folder / "results").glob("*-quick.json")
    suites = json.loads(path.read_text(encoding="utf-8"))["suites"]
    return [row for found in suites.values() for row in found["rows"]]


@pytest.mark.filterwarnings("ignore")  # of the peers
@pytest.mark.parametrize("suite", [pytest.param(s, marks=pytest.mark.slow if s in SLOW else ()) for s in SUITES])
def test_a_suite_runs(suite, command):
    ended = command("benchmark", f"suites=[{suite}]", "quick=true", "data.root=nothing")
    assert ended.code == 0, ended.out + ended.err
    found = rows(ended)
    assert found
    for row in found:
        assert row["verdict"] in ("measured", "not measured")
        assert row["verdict"] == "measured" or row["note"]
    assert [path.name for path in ended.folder.iterdir()] == ["results"], "nothing else is left"


@pytest.mark.filterwarnings("ignore")
def test_a_missing_peer_is_named_and_the_rest_runs(command, monkeypatch):
    hidden = lambda name: None if name == "ultralytics" else find_spec(name)  # noqa: E731
    monkeypatch.setattr(peers, "find_spec", hidden)
    ended = command("benchmark", "suites=[postprocess]", "quick=true")
    assert ended.code == 0
    assert "not measured: ultralytics is not installed: pip install 'zoo[bench]'" in ended.out
    verdicts = {row["name"]: row["verdict"] for row in rows(ended)}
    assert [name for name, verdict in verdicts.items() if verdict == "measured"]
    assert [name for name, verdict in verdicts.items() if verdict == "not measured"]


def test_mnist_that_is_not_there_is_said(command):
    ended = command("benchmark", "suites=mnist", "quick=true", "data.root=nowhere")
    assert ended.code == 0
    assert "not measured: `nowhere/MNIST/raw` does not exist: data.root=FOLDER names another folder" in ended.out


def test_an_unknown_suite_is_refused(command):
    ended = command("benchmark", "suites=[minning]")
    assert ended.code == 2
    assert "unknown suite `minning`: did you mean `mining`?" in ended.err
    assert not list(ended.folder.rglob("*.json"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["device=tpu"], "`device` (=tpu) must be one of: auto, cpu, cuda"),
        (["threads=0"], "`threads` (=0) must be at least 1"),
        (["repeats=0"], "`repeats` (=0) must be at least 1"),
    ],
)
def test_a_wrong_value_is_refused(words, said, command):
    ended = command("benchmark", "suites=[windows]", *words)
    assert ended.code == 2
    assert said in ended.err
