"""The tests marked `gpu`, in processes of their own."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from functools import partial
from importlib.util import find_spec

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side
from zoo.distribution import ROOT
from zoo.hardware import cores

LIMIT, PROCESSES = 240.0, 14
SHOWN = 6_000  # characters
QUICK = "test_ops or (test_training and lenet5 and (waits or deterministic)) or pinned or memory"


def cases(settings: Settings) -> Iterator[Case]:
    """All tests of tests/gpu; with --quick some of them."""
    yield Case(name="tests marked gpu", peer="nothing", measure=partial(_measure, settings))


def _measure(settings: Settings) -> Measured:
    options = "addopts=--strict-markers --import-mode=importlib"
    command = [sys.executable, "-m", "pytest", "-o", options, "-o", "filterwarnings=default", "-p", "no:cacheprovider"]
    command += ["-q", "-m", "gpu", "tests/gpu", "--durations=5", "--tb=line", "-rfExX", "--show-capture=no"]
    command += ["-W", "ignore"]
    command += ["-k", QUICK] if settings.quick else []
    if find_spec("xdist") and not settings.quick:
        command += ["-n", str(min(PROCESSES, cores())), "--dist=loadgroup"]
    command += ["--timeout=90"] if find_spec("pytest_timeout") else []
    environment = os.environ | {"ZOO_GPU_TESTS_DEVICE": settings.device.type, "OMP_NUM_THREADS": "1", "COLUMNS": "400"}
    limit = None if settings.quick else LIMIT  # a machine without a GPU may be busy
    began = time.perf_counter()
    try:
        ended = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=limit, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise TimeoutError(f"longer than {LIMIT:.0f} s: {_tail(error.stdout)}") from None
    seconds = time.perf_counter() - began
    print(ended.stdout[-SHOWN:], flush=True)
    counts = re.findall(r"\d+ (?:passed|failed|skipped|xfailed|errors?)", ended.stdout)
    if ended.returncode:
        raise AssertionError(", ".join(counts) or _tail(ended.stdout + ended.stderr))
    return Measured(Side(seconds, seconds), None, None, None, None, 1, "wall", ", ".join(counts))


def _tail(output: str | bytes | None) -> str:
    text = output.decode(errors="replace") if isinstance(output, bytes) else output or ""
    return " ".join(text.split())[-300:]
