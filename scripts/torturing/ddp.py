"""Signals the two processes of runs with trainer=ddp."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from torturing.server import ROOT

PATTERNS = ["0T", "1T", "0T1T", "1T0T", "0I", "1I", "0I1I", "0T0T", "1T1T", "0K", "1K", "0T1K"]
LIMIT = 30.0  # seconds in which every process of a run must end


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
