"""A comparison that cannot be made is named, and the rest is measured."""

import datetime
import json
import re
import sys
from functools import partial

import pytest
import torch
from benchmarks.cases import Case, run
from benchmarks.peers import missing
from benchmarks.results import END, START, cells, line, make_folder, summary, write_page, write_results
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side

from zoo.distribution import install_command
from zoo.errors import ZooError

FOUND = Measured(Side(0.010, 0.012, 30.0), Side(0.020, 0.021, 60.0), 0.5, 0.4, 0.6, 7, "cpu", "a note")
NOW = datetime.datetime(2030, 1, 2, tzinfo=datetime.UTC)


def case(**changed):
    return Case(**({"name": "a step", "peer": "a loop", "measure": lambda: FOUND} | changed))


@pytest.mark.parametrize(
    ("limit", "limit_on", "verdict"),
    [
        (0.5, "ratio", "within"),
        (0.49, "ratio", "at the limit"),
        (0.39, "ratio", "over"),
        (10.0, "ms", "within"),
        (9.0, "ms", "over"),
        (30.0, "MiB", "within"),
        (29.0, "MiB", "over"),
        (None, "ratio", "measured"),
    ],
)
def test_verdict(limit, limit_on, verdict):
    assert run(case(limit=limit, limit_on=limit_on), judged=True).verdict == verdict
    assert run(case(limit=limit, limit_on=limit_on), judged=False).verdict == "measured"


def test_a_missing_peer_is_named_and_not_measured():
    row = run(case(needs=("no_such_peer",)), judged=True)
    assert row.verdict == "not measured"
    assert f"no_such_peer is not installed: {install_command('bench')}" in line(row)
    assert missing(("torch",)) == ""


def test_a_peer_that_does_not_import_is_not_measured_and_a_broken_one_failed():
    def old():
        raise ImportError("cannot import name 'x'")

    def broken():
        raise ValueError("a shape\nand more")

    assert "cannot be imported: cannot import name 'x'" in line(run(case(measure=old), judged=True))
    row = run(case(measure=broken), judged=True)
    assert (row.verdict, row.note) == ("failed", "ValueError: a shape")


def test_an_interrupt_that_lightning_turns_into_an_exit_ends_the_benchmark():
    with pytest.raises(KeyboardInterrupt):
        run(case(measure=partial(sys.exit, 1)), judged=True)


def test_line_and_cells_say_both_times_the_ratio_its_quartiles_and_the_limit():
    row = run(case(limit=0.8), judged=True)
    assert line(row) == (
        "  a step, beside a loop: 10 ms to 20 ms cpu; ratio 0.5 (0.4 – 0.6); memory 30 / 60 MiB; "
        "at most 0.8: within; a note"
    )
    assert cells(row) == ["a step", "a loop", "10 ms", "20 ms", "0.5 (0.4 – 0.6)", "0.8", "30 / 60", "within"]


def settings_in(folder):
    return Settings(device=torch.device("cpu"), repeats=1, seconds=1.0, quick=False, data_root=folder, scratch=folder)


def test_results_keep_other_suites_with_their_versions_and_the_page_shows_all(tmp_path, monkeypatch):
    settings = settings_in(tmp_path)
    rows = [run(case(limit=0.8), judged=True), run(case(absent="needs a CUDA device"), judged=True)]
    write_results(tmp_path, {"first": rows}, settings, now=NOW)
    monkeypatch.setattr("benchmarks.results.versions", lambda: {"a-peer": "9.9"})
    path = write_results(tmp_path, {"second": rows[:1]}, settings, now=NOW)
    written = json.loads(path.read_text(encoding="utf-8"))
    assert list(written["suites"]) == ["first", "second"]
    first, second = (suite["versions"] for suite in written["suites"].values())
    assert first["torch"] == torch.__version__
    assert "a-peer" not in first  # a later suite keeps the versions of an earlier one
    assert second["a-peer"] == "9.9"
    assert written["suites"]["first"]["rows"][0]["ratio"] == 0.5
    page = tmp_path / "page.md"
    page.write_text(f"before\n{START}\nold\n{END}\nafter\n", encoding="utf-8")
    write_page(page, path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert re.search(r"### second\n\nMeasured 2030-01-02, threads: \d+; .*a-peer 9.9\.\n", text)
    assert "| a step | a loop | 10 ms | 20 ms | 0.5 (0.4 – 0.6) | 0.8 | 30 / 60 | within; a note |" in text
    assert "not measured: needs a CUDA device" in text
    assert summary(rows) == "2 comparisons: 1 within their limit, 1 not measured"


def test_a_page_without_markers_is_refused(tmp_path):
    with pytest.raises(ZooError, match="--docs writes into a clone"):
        write_page(tmp_path / "none.md", tmp_path / "none.json")


def test_what_was_measured_stays_when_time_runs_out_later(tmp_path):
    measured, skipped = run(case(), judged=True), run(case(absent="time ran out"), judged=True)
    write_results(tmp_path, {"a suite": [measured]}, settings_in(tmp_path), now=NOW)
    path = write_results(tmp_path, {"a suite": [skipped]}, settings_in(tmp_path), now=NOW)
    (row,) = json.loads(path.read_text(encoding="utf-8"))["suites"]["a suite"]["rows"]
    assert row["verdict"] == "measured"


def test_results_that_cannot_be_read_or_written_are_named(tmp_path):
    path = write_results(tmp_path, {}, settings_in(tmp_path), now=NOW)
    path.write_text("{")
    with pytest.raises(ZooError, match=f"{path.name} is no JSON file"):
        write_results(tmp_path, {}, settings_in(tmp_path), now=NOW)
    with pytest.raises(ZooError, match="must be a folder that can be written"):
        make_folder(path)
