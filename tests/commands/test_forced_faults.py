"""Faults by force: a full disk, a folder that loses its permission, a process that dies, memory that ends."""

import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from bad_input import QUICK

from zoo.run import memory_limit
from zoo.run.callbacks import Progress

ROOT = Path(__file__).parents[2]
LINE = "what was written stays; runs=FOLDER puts runs elsewhere"
NOBODY = 65534
root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs the rights of root")


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 300 kB, less than a checkpoint of LeNet-5."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", disk], capture_output=True)
    if mounted.returncode:
        pytest.skip("cannot mount a file system here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


@root
@pytest.mark.slow
def test_a_disk_that_is_full(refused, small_disk):
    line = refused(f"runs={small_disk}/runs", *QUICK)
    assert line.startswith("cannot write to ")
    assert line.endswith(f": No space left on device; {LINE}")


@root
@pytest.mark.slow
def test_a_run_folder_that_loses_its_permission(command, monkeypatch):
    assert command("train", *QUICK).code == 0  # imports what the other user may not read
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o755)
        runs = folder / "runs"
        runs.mkdir()
        os.chown(runs, NOBODY, NOBODY)
        started = Progress.on_train_start

        def closing(*args):
            os.seteuid(0)
            for path in [runs, *runs.rglob("*")]:
                os.chown(path, 0, 0)
            os.seteuid(NOBODY)
            started(*args)

        monkeypatch.setattr(Progress, "on_train_start", closing)
        os.seteuid(NOBODY)
        try:
            ended = command("train", f"runs={runs}", *QUICK, folder=folder)
        finally:
            os.seteuid(0)
    (line,) = ended.err.splitlines()
    assert ended.code == 2
    assert line.startswith(f"zoo-train: cannot write to {runs}")
    assert line.endswith(f": Permission denied; {LINE}")


@pytest.fixture
def little_memory(monkeypatch):
    """Leaves 24 MB to the training."""
    started, before = Progress.on_train_start, resource.getrlimit(resource.RLIMIT_DATA)

    def limiting(*args):
        lines = Path("/proc/self/status").read_text().splitlines()
        used = next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmData"))
        resource.setrlimit(resource.RLIMIT_DATA, (used + (24 << 20), before[1]))
        started(*args)

    monkeypatch.setattr(Progress, "on_train_start", limiting)
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of Linux")
def test_memory_that_ends_names_the_batch_size_to_try(command, little_memory):
    ended = command("train", *QUICK, "data.batch_size=1024")
    assert ended.code == 2
    line = ended.err.splitlines()[-1]
    assert line == "zoo-train: the device is out of memory with data.batch_size=1024: try data.batch_size=512"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="limits the memory of Linux")
def test_the_search_for_a_batch_size_keeps_within_the_memory(command, monkeypatch):
    monkeypatch.setattr(memory_limit, "free_memory", lambda: 40 << 20)
    ended = command("train", *QUICK, "data.batch_size=auto")
    assert ended.code == 0, ended.err
    size = int(re.search(r"batch size found: (\d+), ", ended.out)[1])
    assert 8 <= size < 1024
    assert f"batch_size: {size}" in next(ended.folder.rglob("report/index.html")).read_text()


@pytest.mark.slow
def test_a_process_that_dies_ends_the_other_with_one_line(tmp_path):
    words = ["trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "baselines=false", "trainer.max_epochs=999"]
    log = tmp_path / "log.txt"
    with log.open("w") as out:
        leader = subprocess.Popen([sys.executable, ROOT / "train.py", *words], cwd=tmp_path, stdout=out, stderr=out)
    while leader.poll() is None and "epoch 1/" not in log.read_text():
        time.sleep(0.2)
    found = subprocess.run(["pgrep", "-P", str(leader.pid), "-f", "train.py"], capture_output=True, text=True)
    os.kill(int(found.stdout.split()[0]), signal.SIGKILL)
    assert leader.wait(timeout=30) != 0
    assert "Traceback" not in log.read_text()
    assert "another process of this run has ended" in log.read_text()
