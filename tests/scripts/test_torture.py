"""`scripts/torture.py` kills runs and compares what they end with."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "torture.py"


@pytest.mark.slow
def test_killed_runs_end_as_undisturbed_ones():
    words = ["--kills", "4", "--only", "classification", "--seed", "1"]
    ended = subprocess.run([sys.executable, SCRIPT, *words], capture_output=True, text=True, timeout=600)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    last = ended.stdout.splitlines()[-1]
    assert last.startswith("4 kills in ")
    assert last.endswith(": 0 with problems")


def test_it_asks_for_the_number_of_runs():
    ended = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 2
    assert ended.stderr.endswith("error: give the number of runs: --kills N, --ddp N, or both\n")
