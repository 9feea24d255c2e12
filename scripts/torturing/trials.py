"""Kills single runs at random moments, resumes them, and compares them with undisturbed ones."""

import contextlib
import csv
import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from torturing.server import Server, processor_time

RUNS = {
    "classification": ["model=lenet5", "data.batch_size=128"],
    "detection": ["model=yolo", "data.batch_size=4", "data.train_scenes=16", "data.val_scenes=4", "data.test_scenes=4"],
    "embedding": ["model=siamese", "data.batch_size=16", "data.steps_per_epoch=5"],
    "forecasting": ["model=gru_small", "data=waves", "data.samples=1280", "data.val_samples=256"],
}
TIMES = {"samples_per_second", "waiting_for_data"}
_BEFORE_END = 0.95  # of the processor time of an undisturbed run
_PAUSES = (0.01, 0.3)  # seconds between two signals
ENDED = "ended before"
SIGNALS = {"KILL": -signal.SIGKILL, "INT": 130, "TERM": 143, "TERM twice": 143}


def outcome(folder: Path) -> tuple[Any, list[dict[str, str]]]:
    """The weights and the table of metrics of the newest run; the report must be there."""
    import torch

    run = max(path.parent for path in folder.rglob(".hydra"))
    assert (run / "report" / "index.html").is_file(), f"{run} has no report"
    with (run / "metrics.csv").open(newline="") as file:
        rows = [{name: value for name, value in row.items() if name not in TIMES} for row in csv.DictReader(file)]
    state = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return {**state["state_dict"], **state["current_model_state"]}, rows


def trial(
    server: Server, words: list[str], folder: Path, kind: str, *, moment: float, pause: float
) -> tuple[str, list[str]]:
    """Kills a run after `moment` seconds of processor time and resumes it; returns what was killed, and the faults.

    A second signal follows after `pause` seconds.
    """
    process, signals = server.start(words, folder), kind.split()
    while processor_time(process) < moment:
        time.sleep(0.002)
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, getattr(signal, f"SIG{signals[0]}"))
        if "twice" in kind:
            time.sleep(pause)
            os.kill(process, signal.SIGTERM)
    code = server.wait()
    saved = [*folder.rglob("last.ckpt")]
    if code == 0 or (any(folder.rglob("metrics.json")) and any(folder.rglob("report/index.html"))):
        return ENDED, []
    problems = [] if code == SIGNALS[kind] else [f"exit code {code}"]
    said = _resume(server, words, folder, problems, resume=bool(saved))
    if not saved:
        return "nothing to resume", problems
    how = re.search(r"after epoch \d+(, step)?", said)
    place = "after the last epoch" if how is None else "within an epoch" if how[1] else "between epochs"
    return f"resumed {place}", problems


def _resume(server: Server, words: list[str], folder: Path, problems: list[str], *, resume: bool) -> str:
    server.start([*words, *(["resume=auto"] if resume else [])], folder)
    code, out = server.wait(), (folder / "out.txt").read_text()
    if code:
        problems.append(f"resumed with exit code {code}: {out[-300:]}")
    return out


def torture(kills: int, seed: int, tasks: list[str]) -> int:
    """Runs the trials and prints what happened; returns the number of problems."""
    import torch

    server = Server()
    rng, counts, failures, began = random.Random(seed), Counter[str](), 0, time.monotonic()
    with TemporaryDirectory() as name:
        references = {}
        for task in tasks:
            for number in range(2):  # the second one finds everything imported
                folder = Path(name) / task / str(number)
                seconds = server.seconds(RUNS[task], folder)
            references[task] = (*outcome(folder), seconds)
            print(f"{task}: {seconds:.1f} s of processor time", flush=True)
        trials = 0
        while (number := counts.total() - counts[ENDED]) < kills and trials < 2 * kills:
            trials += 1
            task, kind = tasks[number % len(tasks)], rng.choice(list(SIGNALS))
            weights, rows, seconds = references[task]
            folder, moment, pause = Path(name) / f"{trials}", rng.uniform(0, _BEFORE_END * seconds), rng.choice(_PAUSES)
            how, problems = trial(server, RUNS[task], folder, kind, moment=moment, pause=pause)
            try:
                ours, table = outcome(folder)
                if not all(torch.equal(value, ours[key]) for key, value in weights.items()):
                    problems.append("other weights")
                if table != rows:
                    problems.append("another metrics.csv")
            except (AssertionError, OSError, ValueError) as error:
                problems.append(repr(error))
            counts[how] += 1
            failures += bool(problems)
            print(f"{trials} {task} {kind}: {how} {'; '.join(problems) or 'equal'}", flush=True)
            subprocess.run(["rm", "-r", folder], check=True)
    killed = counts.total() - counts[ENDED]
    print(f"{killed} kills in {time.monotonic() - began:.0f} s, {dict(counts)}: {failures} with problems")
    return failures
