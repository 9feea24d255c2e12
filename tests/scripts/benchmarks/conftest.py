"""The benchmark in a process of its own: its peers change other packages as they are imported."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "scripts" / "benchmark.py"
_WITHOUT = """
import runpy, sys
script, hidden, *sys.argv[1:] = sys.argv[1:]
sys.modules[hidden] = None  # as if it were not installed
sys.argv[0] = script
sys.path.insert(0, script.rpartition("/")[0])
runpy.run_path(script, run_name="__main__")
"""


@pytest.fixture
def benchmark(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `python scripts/benchmark.py WORDS` in an empty folder, where asked without one of the peers."""

    def run(*words: str, hidden: str = "") -> subprocess.CompletedProcess[str]:
        start = ["-c", _WITHOUT, str(SCRIPT), hidden] if hidden else [str(SCRIPT)]
        return subprocess.run(
            [sys.executable, "-W", "ignore", *start, *words],
            cwd=tmp_path,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )

    return run
