"""Processes that are signaled: exit codes, a second signal, a process that waits for others, a leader."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(body: str, *numbers: int, hangup: signal.Handlers = signal.SIG_DFL) -> tuple[int, str]:
    """The exit code and output of a script that is sent signals, one for each line that it prints.

    `hangup` is what the shell has set for SIGHUP: `nohup` ignores it.
    """
    head = "import os, signal, time\nfrom zoo import signals\nwith signals.handled():\n"
    script = head + textwrap.indent(body, "    ")
    command = [sys.executable, "-c", f"import signal\nsignal.signal(signal.SIGHUP, signal.{hangup.name})\n{script}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    lines = []
    for number in numbers:
        lines.append(process.stdout.readline())
        process.send_signal(number)
    rest, _ = process.communicate(timeout=20)
    return process.returncode, "".join(lines) + rest


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129), (signal.SIGUSR1, 128 + signal.SIGUSR1)],
)
def test_the_first_signal_stops_with_its_code(number, code):
    assert run("print(flush=True)\ntime.sleep(20)", number)[0] == code


def test_a_terminal_that_closes_is_ignored_under_nohup():
    waiting = "print(flush=True)\ntime.sleep(0.3)\nprint('goes on')"
    assert run(waiting, signal.SIGHUP, hangup=signal.SIG_IGN) == (0, "\ngoes on\n")


STEPS = """
signals.defer(processes=1)
print("started", flush=True)
while not signals.requested():
    time.sleep(0.01)
print("saved", flush=True)
"""


def test_a_deferred_signal_is_left_to_the_caller():
    assert run(f"{STEPS}\nraise signals.Stopped(signals.requested())", signal.SIGTERM) == (143, "started\nsaved\n")


def test_a_second_signal_ends_a_process_that_still_saves():
    saving = STEPS.replace('print("saved"', 'time.sleep(0.3)\nprint("saved"')
    code, out = run(f"{saving}\ntime.sleep(20)", signal.SIGTERM, signal.SIGINT)
    assert (code, out) == (130, "started\nsaved\n\nstopped at once; what was written stays\n")


def test_a_signal_that_is_passed_on_at_once_counts_as_one():
    code, out = run(f"{STEPS}\ntime.sleep(0.1)\nraise signals.Stopped(15)", signal.SIGTERM, signal.SIGINT)
    assert (code, out) == (143, "started\nsaved\n")


SHUTTING_DOWN = """
import atexit
@atexit.register
def end():
    time.sleep(0.3)
    print("ends", flush=True)
    time.sleep(20)
"""


def test_a_second_signal_while_the_interpreter_shuts_down_ends_it_at_once():
    code, out = run(f"{SHUTTING_DOWN}print(flush=True)\ntime.sleep(20)", signal.SIGTERM, signal.SIGTERM)
    assert (code, out) == (143, "\nends\n\nstopped at once; what was written stays\n")


def test_a_signal_after_the_work_ends_the_process_at_once():
    code, out = run(SHUTTING_DOWN, signal.SIGTERM)
    assert (code, out) == (143, "ends\n\nended; what was written stays\n")


def test_the_interpreter_finishes_after_the_work_whatever_comes():
    finishing = """
class Late:
    def __del__(self, kill=os.kill, process=os.getpid(), number=signal.SIGTERM):
        kill(process, number)
import builtins
builtins.late = Late()
"""
    assert run(finishing) == (0, "")


def test_a_signal_whose_exception_is_ignored_still_ends_with_its_code():
    ignoring = """
class Ignoring:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.01)
Ignoring()
"""
    code, out = run(ignoring)
    assert code == 143
    assert "Exception ignored" in out


def test_a_data_worker_that_ends_is_no_signal_to_stop():
    ending = """
signal.signal(signal.SIGCHLD, lambda *_: None)
signals._PATIENCE = 0.1
os.fork() or os._exit(0)
time.sleep(1.3)
print("goes on")
"""
    assert run(ending) == (0, "goes on\n")


WAITING = "signals.defer(processes=2)\nsignals._PATIENCE = 0.1\nprint(flush=True)\n"


def test_a_process_that_waits_for_another_is_ended():
    code, out = run(f"{WAITING}while True: time.sleep(1)", signal.SIGTERM)
    assert code == 143
    assert "no progress for 0 s: ended" in out


def test_a_process_started_for_ddp_leaves_the_decision_to_its_leader():
    follower = """
import os, sys, time
from zoo import signals
with signals.handled():
    print("follower", flush=True)
    os.kill(os.getpid(), 15)
    time.sleep(20)
"""
    leader = f"""
import subprocess, sys
signals.lead()
process = subprocess.Popen([sys.executable, "-c", {follower!r}], env=os.environ | {{"LOCAL_RANK": "1"}})
try:
    time.sleep(20)
finally:
    print("follower ends with its leader:", process.poll() is None, flush=True)
"""
    assert run(leader) == (143, "follower\nfollower ends with its leader: True\n")
