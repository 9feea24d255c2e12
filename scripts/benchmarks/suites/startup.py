"""Time and memory of processes that need no model: `--help` and a misspelled option."""

import json
import subprocess
import sys
from collections.abc import Iterator
from functools import cache, partial
from statistics import median

from benchmarks.cases import Case
from benchmarks.clock import Spent
from benchmarks.settings import Settings
from benchmarks.timing import Measured, Side, paired

SECONDS, MIB = 1.0, 60.0
_OURS = "from zoo.commands.train import main; main()"
_THEIRS = "import argparse, torch, torchvision, pytorch_lightning; argparse.ArgumentParser().parse_args()"
# A child inherits the peak memory of its parent, so a small process starts it.
_WATCH = """
import json, os, subprocess, sys, time
started = time.perf_counter()
child = subprocess.Popen([sys.executable, *sys.argv[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
used = os.wait4(child.pid, 0)[2]
print(json.dumps([used.ru_utime + used.ru_stime, time.perf_counter() - started, used.ru_maxrss / 1024]))
"""


def cases(settings: Settings) -> Iterator[Case]:
    """`--help` and a misspelled option; peer: a script that imports its libraries at the top."""
    peer = "a script that imports torch, torchvision and Lightning at its top"
    absent = "" if sys.platform == "linux" else "needs Linux, which reports the peak memory of a process in KiB"
    for name, word in (("train.py --help", "--help"), ("train.py with a misspelled option", "trainer.max_epoch=3")):
        measure = cache(partial(_compare, word, settings))  # both rows report the same processes
        yield Case(name=f"{name}: time", peer=peer, measure=measure, limit=1e3 * SECONDS, limit_on="ms", absent=absent)
        yield Case(
            name=f"{name}: memory",
            peer=peer,
            measure=measure,
            limit=MIB,
            limit_on="MiB",
            absent=absent,
        )


def _compare(word: str, settings: Settings) -> Measured:
    ours, theirs = [], []
    for _ in range(min(settings.pairs, 5) + (not settings.quick)):
        ours.append(_process(_OURS, word))
        theirs.append(_process(_THEIRS, "--help"))
    ours, theirs = ours[-settings.pairs :][-5:], theirs[-settings.pairs :][-5:]  # the first warm the disk cache
    found = paired([spent for spent, _ in ours], [spent for spent, _ in theirs], "cpu")
    assert found.theirs is not None
    return found._replace(
        ours=_with_memory(found.ours, [peak for _, peak in ours]),
        theirs=_with_memory(found.theirs, [peak for _, peak in theirs]),
    )


def _process(code: str, word: str) -> tuple[Spent, float]:
    watched = [sys.executable, "-S", "-c", _WATCH, "-c", code, word]
    cpu, wall, peak = json.loads(subprocess.run(watched, capture_output=True, text=True, check=True).stdout)
    return Spent(cpu, wall), peak


def _with_memory(side: Side, peaks: list[float]) -> Side:
    return side._replace(memory=median(peaks))
