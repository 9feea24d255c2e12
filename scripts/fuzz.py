"""Reads mutated files of every kind and counts tracebacks, crashes, hangs, excesses of memory, and code that ran.

`python scripts/fuzz.py --files 10000` mutates checkpoints of thirteen models, weights, galleries, images of ten
formats, detection sets, tables, volumes, points, ratings and texts, and passes them to load, predict, evaluate, resume,
pretrained, check-data and the readers of data. `--only KIND --seed N --files 1` repeats one of them. A file may take
5 seconds of processor time and 1 GiB of memory.
"""

import argparse
import contextlib
import io
import json
import os
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, so that its processes can be forked
ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]  # the zoo of this clone, installed or not

# Relative to one another; evaluate and resume take seconds each where the mutation does no harm.
SHARES = {
    "load and predict": 30,
    "other models": 14,
    "evaluate": 3,
    "resume": 3,
    "pretrained": 16,
    "hub folder": 4,
    "gallery": 8,
    "pictures": 13,
    "flips": 5,
    "check-data": 8,
    "series": 10,
    "other data": 20,
}
FINE = ("read", "refused")
_BATCH = 100  # files in one process, so that a crash is found and memory is given back


def batch(kind: str, first: int, count: int, samples: Path, log: Path) -> int:
    """Runs some files in a forked process, which appends its outcomes to `log`; returns its exit status."""
    if process := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    status = 1
    try:
        import logging

        import torch
        from fuzzing.targets import Fuzzer

        torch.set_num_threads(1)
        logging.disable()
        warnings.simplefilter("ignore")
        with tempfile.TemporaryDirectory() as folder, log.open("a") as out:
            fuzzer = Fuzzer(samples, Path(folder))
            os.chdir(folder)
            fuzzer.warm(kind)
            for seed in range(first, first + count):
                outcome = fuzzer.run(kind, seed)
                out.write(json.dumps([seed, outcome.kind, outcome.detail if outcome.kind not in FINE else ""]) + "\n")
                out.flush()
        status = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1000, help="number of files, shared among the kinds")
    parser.add_argument("--seed", type=int, default=0, help="number of the first file of each kind")
    parser.add_argument("--only", choices=SHARES, metavar="KIND", help=", ".join(SHARES))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        samples = Path(name) / "samples"
        samples.mkdir()
        from fuzzing.models import write_models
        from fuzzing.samples import write_samples

        with contextlib.redirect_stdout(io.StringIO()):  # the epochs of their training
            write_samples(samples)
            write_models(samples / "models")
        shares = {kind: share for kind, share in SHARES.items() if given.only in (None, kind)}
        total, began = Counter[str](), time.monotonic()
        for kind, share in shares.items():
            files = -(-given.files * share // sum(shares.values()))
            total += _kind(kind, given.seed, files, samples, Path(name) / "log.txt")
    print(f"{total.total():,} files: {dict(total)} in {time.monotonic() - began:.0f} s")
    return int(any(total[each] for each in total if each not in FINE))


def _kind(kind: str, first: int, files: int, samples: Path, log: Path) -> Counter[str]:
    began, end, counts = time.monotonic(), first + files, Counter[str]()
    while first < end:
        log.write_text("")
        status = batch(kind, first, min(_BATCH, end - first), samples, log)
        outcomes = [json.loads(line) for line in log.read_text().splitlines()]
        for seed, outcome, detail in outcomes:
            counts[outcome] += 1
            if outcome not in FINE:
                print(f"{kind} {seed}: {outcome}: {detail}", flush=True)
        first += len(outcomes)
        if status:
            counts["crash"] += 1
            print(f"{kind} {first}: crash: the process ended with {status}", flush=True)
            first += 1
    print(f"{kind}: {dict(counts)} in {time.monotonic() - began:.0f} s", flush=True)
    return counts


if __name__ == "__main__":
    raise SystemExit(main())
