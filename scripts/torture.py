"""Kills training runs at random moments, resumes them, and compares them with runs that were left alone.

`python scripts/torture.py --kills 200` trains a classifier, a detector, an embedding and a forecaster. Each trial
starts a run, sends a signal at a random moment, checks the exit code, and resumes the run. The weights and metrics.csv
must equal those of the undisturbed run bit for bit, and the report must be there.
`python scripts/torture.py --ddp 30` sends patterns of signals to the two processes of a run with trainer=ddp, which
must all end within 30 seconds.
"""

import argparse
import contextlib
import csv
import importlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, so that its processes can be forked
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # the zoo of this clone, installed or not

QUICK = ["trainer=cpu", "baselines=false", "callbacks=[ema]", "data.num_workers=0", "trainer.max_epochs=2"]
QUICK += ["+trainer.limit_val_batches=1", "+trainer.limit_test_batches=1"]
RUNS = {
    "classification": ["model=lenet5", "data.batch_size=128"],
    "detection": ["model=yolo", "data.batch_size=4", "data.train_scenes=24", "data.val_scenes=4", "data.test_scenes=4"],
    "embedding": ["model=siamese", "data.batch_size=32", "data.steps_per_epoch=8"],
    "forecasting": ["model=gru_small", "data=waves", "data.samples=1280", "data.val_samples=256"],
}
TIMES = {"samples_per_second", "waiting_for_data"}
SIGNALS = {"KILL": -signal.SIGKILL, "INT": 130, "TERM": 143, "TERM twice": 143}
PATTERNS = ["0T", "1T", "0T1T", "1T0T", "0I", "1I", "0I1I", "0T0T", "1T1T", "0K", "1K", "0T1K"]
LIMIT = 30.0  # seconds in which every process of a run must end


def start(words: list[str], folder: Path) -> int:
    """Forks a process that runs `zoo-train` in a folder; it writes to `out.txt` there."""
    folder.mkdir(parents=True, exist_ok=True)
    if process := os.fork():
        return process
    code = 1
    try:
        os.chdir(folder)
        out = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(out, 1)
        os.dup2(out, 2)
        sys.argv = ["zoo-train", *QUICK, *words]
        from zoo.commands.train import main

        main()
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    finally:
        sys.stdout.flush()
        Path("modules.txt").write_text("\n".join(sys.modules))
        os._exit(code)


def import_all(names: str) -> None:
    """Imports what a finished run has imported, so that forks share it."""
    for name in names.split("\n"):
        with contextlib.suppress(Exception):
            importlib.import_module(name)


def wait(process: int) -> int:
    """The exit code of a process, or minus the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def outcome(folder: Path) -> tuple[Any, list[dict[str, str]]]:
    """The weights and the table of metrics of the newest run; the report must be there."""
    import torch

    run = max(path.parent for path in folder.rglob(".hydra"))
    assert (run / "report" / "index.html").is_file(), f"{run} has no report"
    with (run / "metrics.csv").open(newline="") as file:
        rows = [{name: value for name, value in row.items() if name not in TIMES} for row in csv.DictReader(file)]
    state = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    return {**state["state_dict"], **state["current_model_state"]}, rows


def trial(words: list[str], folder: Path, kind: str, moment: float) -> tuple[str, list[str]]:
    """Kills a run `moment` seconds after its start and resumes it; returns what was killed, and what went wrong."""
    process = start(words, folder)
    time.sleep(moment)
    os.kill(process, getattr(signal, f"SIG{kind.split()[0]}"))
    if "twice" in kind:
        time.sleep(0.01)
        os.kill(process, signal.SIGTERM)
    code = wait(process)
    if code == 0:
        return "ended before", []
    problems = [] if code == SIGNALS[kind] else [f"exit code {code}"]
    saved = [*folder.rglob("last.ckpt")]
    code = wait(start([*words, *(["resume=auto"] if saved else [])], folder))
    if code:
        problems.append(f"resumed with exit code {code}: {(folder / 'out.txt').read_text()[-300:]}")
    return "resumed" if saved else "nothing to resume", problems


def torture(kills: int, seed: int, tasks: list[str]) -> int:
    """Runs the trials and prints what happened; returns the number of problems."""
    import torch

    import zoo.run.train  # imported once: each run is a fork

    assert zoo.run.train
    torch.set_num_threads(1)
    rng, counts, failures, began = random.Random(seed), Counter[str](), 0, time.monotonic()
    with TemporaryDirectory() as name:
        references = {}
        for task in tasks:
            words, started = RUNS[task], time.monotonic()
            code = wait(start(words, Path(name) / task))
            assert code == 0, (Path(name) / task / "out.txt").read_text()
            references[task] = (time.monotonic() - started, *outcome(Path(name) / task))
            import_all((Path(name) / task / "modules.txt").read_text())
        for number in range(kills):
            task, kind = tasks[number % len(tasks)], list(SIGNALS)[number // len(tasks) % len(SIGNALS)]
            seconds, weights, rows = references[task]
            folder = Path(name) / f"{number}"
            how, problems = trial(RUNS[task], folder, kind, rng.uniform(0, seconds))
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
            print(f"{number + 1} {task} {kind}: {how} {'; '.join(problems) or 'equal'}", flush=True)
            subprocess.run(["rm", "-r", folder], check=True)
    print(f"{kills} kills in {time.monotonic() - began:.0f} s, {dict(counts)}: {failures} with problems")
    return failures


def torture_ddp(runs: int, seed: int) -> int:
    """Signals two processes that train together; returns how often one of them did not end in time or end well."""
    rng, failures, longest = random.Random(seed), 0, 0.0
    words = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "baselines=false", "trainer.max_epochs=99"]
    numbers = {"T": signal.SIGTERM, "I": signal.SIGINT, "K": signal.SIGKILL}
    with TemporaryDirectory() as name:
        for number in range(runs):
            pattern, log = PATTERNS[number % len(PATTERNS)], Path(name) / f"{number}.txt"
            with log.open("w") as out:
                command = [sys.executable, f"{ROOT}/train.py", *words, f"runs={name}/{number}"]
                leader = subprocess.Popen(command, stdout=out, stderr=out, cwd=name)
            while leader.poll() is None and "epoch 1/" not in log.read_text():
                time.sleep(0.1)
            found = subprocess.run(["pgrep", "-P", str(leader.pid), "-f", "train.py"], capture_output=True, text=True)
            processes = [leader.pid, *map(int, found.stdout.split())]
            time.sleep(rng.uniform(0, 3))
            began = time.monotonic()
            for place, letter in zip(pattern[::2], pattern[1::2], strict=True):
                if alive(processes[int(place)]):
                    os.kill(processes[int(place)], numbers[letter])
                time.sleep(rng.choice([0, 0.02, 0.3]))
            while time.monotonic() - began < LIMIT and (leader.poll() is None or any(map(alive, processes))):
                time.sleep(0.1)
            longest = max(longest, time.monotonic() - began)
            left = [process for process in processes if alive(process)]
            well = not left and leader.returncode not in (0, 1) and any(Path(name, str(number)).rglob("last.ckpt"))
            failures += not well
            print(f"{number + 1} {pattern}: exit code {leader.returncode}, left {left}", flush=True)
            for process in left:
                os.kill(process, signal.SIGKILL)
    print(f"{runs} patterns over two processes, the longest ended after {longest:.1f} s: {failures} with problems")
    return failures


def alive(process: int) -> bool:
    """Whether a process is there and is no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0, help="number of single runs to kill")
    parser.add_argument("--ddp", type=int, default=0, help="number of runs of two processes to signal")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), metavar="TASK", help=", ".join(RUNS))
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    failures = torture(given.kills, given.seed, given.only) if given.kills else 0
    failures += torture_ddp(given.ddp, given.seed) if given.ddp else 0
    return int(failures > 0)


if __name__ == "__main__":
    raise SystemExit(main())
