"""Output whose reader has gone: the command goes on, says so once, and ends with its own exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = r"""
import sys
from zoo.commands.output import outlast_readers
outlast_readers()
for number in range(3):
    print("line", number, "\udcff", flush=True)
print("\ra bar\x1b[A", end="")
print("\n\x1b[A", end="")
print("without a flush, \x1b[1mbold\x1b[0m, \x1b]0;title\x07, a name\rof two\b lines", end="\r\n")
sys.stderr.write("done\n")
sys.exit(3)
"""
ROOT = Path(__file__).parents[2]


def run(out: int, error: int = subprocess.PIPE) -> tuple[int, str]:
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=ROOT, stdout=out, stderr=error, timeout=60)
    return done.returncode, (done.stdout if error != subprocess.PIPE else done.stderr).decode()


def test_a_pipe_that_is_closed():
    reading, writing = os.pipe()
    os.close(reading)
    assert run(writing) == (3, "the output cannot be written (Broken pipe): the command goes on\ndone\n")
    os.close(writing)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no /dev/full")
def test_a_disk_that_is_full():
    with Path("/dev/full").open("w") as full:
        said = "the output cannot be written (No space left on device): the command goes on\ndone\n"
        assert run(full.fileno()) == (3, said)
        lines = "".join(f"line {number} \\udcff\n" for number in range(3))
        bar = "\ra bar\\x1b[A\n\x1b[A"
        last = "without a flush, \\x1b[1mbold\\x1b[0m, \\x1b]0;title\\x07, a name\\rof two\\x08 lines\r\n"
        assert run(subprocess.PIPE, full.fileno()) == (3, lines + bar + last)
