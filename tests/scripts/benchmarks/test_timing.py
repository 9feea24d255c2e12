"""What is measured, and what is made of it."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from benchmarks.clock import Clock, Memory, Spent, resident
from benchmarks.settings import Settings
from benchmarks.timing import alone, compare, paired, rate

CPU = torch.device("cpu")
SCRIPTS = Path(__file__).parents[3] / "scripts"


def settings(tmp_path, **changed):
    values = {"device": CPU, "repeats": 4, "seconds": 60.0, "quick": False, "data_root": tmp_path, "scratch": tmp_path}
    return Settings(**(values | changed))


def test_ratio_is_the_median_of_the_pairs_on_the_clock_that_is_judged():
    ours = [Spent(1.0, 9.0), Spent(2.0, 9.0), Spent(30.0, 9.0)]
    theirs = [Spent(2.0, 1.0), Spent(2.0, 1.0), Spent(3.0, 1.0)]
    found = paired(ours, theirs, "cpu")
    assert (found.ratio, found.low, found.high) == (1.0, 0.75, 5.5)
    assert (found.ours.cpu, found.theirs.cpu) == (2.0, 2.0)
    assert paired(ours, theirs, "wall").ratio == 9.0


def test_rate_is_that_of_the_clock_that_is_judged():
    found = paired([Spent(2.0, 4.0)], [Spent(1.0, 8.0)], "cpu")
    assert rate(found, 8) == "4 and 8 images/CPU s"
    assert rate(found._replace(clock="wall"), 8) == "2 and 1 images/s"
    assert rate(found, 6_172, "windows") == "3,090 and 6,170 windows/CPU s"


def test_one_pair_is_its_own_spread():
    found = paired([Spent(3.0, 0.0)], [Spent(2.0, 0.0)], "cpu")
    assert found.low == found.ratio == found.high == 1.5


def test_sides_run_in_turns_each_after_its_reset(tmp_path):
    said = []
    found = compare(
        lambda: said.append("a"), lambda: said.append("b"), settings(tmp_path), reset=lambda: said.append("reset")
    )
    assert found.pairs == 4
    assert said == ["reset", "a", "reset", "b"] * 6, "once to warm up, four pairs, once for the memory"


def test_a_slow_comparison_ends_early_but_not_before_three_pairs(tmp_path):
    found = compare(lambda: None, lambda: None, settings(tmp_path, repeats=9, seconds=0.0), reset=lambda: None)
    assert found.pairs == 3


def test_alone_has_no_ratio(tmp_path):
    found = alone(lambda: None, settings(tmp_path))
    assert found.theirs is None
    assert found.ratio is None


def test_a_repeated_call_counts_once_on_both_clocks(monkeypatch):
    monkeypatch.setattr("time.process_time", iter([10.0, 18.0]).__next__)
    monkeypatch.setattr("time.perf_counter", iter([1.0, 5.0]).__next__)
    calls = []
    assert Clock(CPU).time(lambda: calls.append(1), calls=4) == Spent(cpu=2.0, wall=1.0)
    assert len(calls) == 4


def test_clock_counts_the_work_of_this_process():
    spent = Clock(CPU).time(lambda: sum(range(2_000_000)))
    assert spent.cpu > 0
    assert spent.cpu <= spent.wall * 1.5


def test_memory_is_the_peak_and_not_what_is_left():
    peak = Memory(CPU).of(lambda: torch.ones(64 * 2**20, dtype=torch.uint8).max())
    assert peak is None or 60 < peak < 200


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells the peak of a process")
def test_the_peak_of_a_child_is_not_that_of_its_parent():
    ballast = torch.ones(2**30, dtype=torch.uint8)
    code = "from benchmarks.clock import resident; print(resident('VmHWM'))"
    start = [sys.executable, "-W", "ignore", "-c", code]
    ended = subprocess.run(start, cwd=SCRIPTS, check=True, capture_output=True, text=True)
    assert 50 < float(ended.stdout) < ballast.numel() / 2**20 < resident("VmHWM")
