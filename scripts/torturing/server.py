"""A process that forks training runs, so that each of them finds its imports done."""

import atexit
import contextlib
import gc
import importlib
import json
import math
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
QUICK = ["trainer=cpu", "baselines=false", "callbacks=[ema]", "data.num_workers=0", "trainer.max_epochs=2"]
QUICK += ["+trainer.limit_val_batches=1", "+trainer.limit_test_batches=1"]


class Server:
    """A process that has imported what runs need, and forks one process for each run."""

    def __init__(self) -> None:
        command = [sys.executable, f"{ROOT}/scripts/torture.py", "--serve"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def start(self, words: list[str], folder: Path) -> int:
        """Starts `zoo-train` in a folder, where it writes to `out.txt`; returns the number of its process."""
        folder.mkdir(parents=True, exist_ok=True)
        assert self.process.stdin is not None
        print(json.dumps([str(folder), *QUICK, *words]), file=self.process.stdin, flush=True)
        return self._answer()

    def wait(self) -> int:
        """The exit code of the last run, or minus the signal that ended it."""
        return self._answer()

    def seconds(self, words: list[str], folder: Path) -> float:
        """The processor time of an undisturbed run."""
        process, used = self.start(words, folder), 0.0
        while (now := processor_time(process)) < math.inf:
            used = now
            time.sleep(0.01)
        assert self.wait() == 0, (folder / "out.txt").read_text()
        return used

    def _answer(self) -> int:
        assert self.process.stdout is not None
        return int(self.process.stdout.readline())


def serve() -> None:
    """Forks a process for each line of standard input; it runs `zoo-train` and ends as an interpreter does.

    Its figures are laid out and not rendered, and it writes checkpoints within an epoch without sparing time.
    """
    import torch
    from matplotlib.figure import Figure

    import zoo.run.train
    from zoo.run import checkpointing

    assert zoo.run.train  # imported here, once
    torch.set_num_threads(1)
    checkpointing._LEAST_INTERVAL, checkpointing._LEAST_SHARE = 0.05, 2
    Figure.savefig = lambda _, path, **__: Path(path).write_bytes(b"")  # type: ignore[method-assign, assignment]
    for line in sys.stdin:
        folder, *words = json.loads(line)
        if not (process := os.fork()):
            return _train(Path(folder), words)
        print(process, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), flush=True)
        with contextlib.suppress(FileNotFoundError):  # what the run has imported, so that later forks share it
            for name in (Path(folder) / "modules.txt").read_text().split("\n"):
                with contextlib.suppress(Exception):
                    importlib.import_module(name)
        gc.collect()
        gc.freeze()  # forks need not walk, and so copy, what is imported
    os._exit(0)  # without the finalizers of libraries, which print below the result


def _train(folder: Path, words: list[str]) -> None:
    os.chdir(folder)
    out = os.open("out.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    for stream in (1, 2):
        os.dup2(out, stream)
    atexit.register(lambda: Path("modules.txt").write_text("\n".join(sys.modules)))
    sys.argv = ["zoo-train", *words]
    from zoo.commands.train import main

    main()


def processor_time(process: int) -> float:
    """The seconds of processor time that a process has used; infinite if it has ended."""
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return math.inf
    return math.inf if fields[0] == "Z" else (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
