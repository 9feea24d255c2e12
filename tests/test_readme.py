"""Commands in the README exist."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from zoo.commands.task_options import with_task_options
from zoo.config.compose import compose

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
SHELL = "\n".join(re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL))
LINES = [line.partition(" #")[0].strip() for line in SHELL.splitlines()]
COMMANDS = [line for line in LINES if "train.py " in line or "scripts/" in line]


def test_it_is_short():
    assert len(README.splitlines()) <= 150


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_composes(line):
    words = shlex.split(line)
    script = next(word for word in words if word.endswith(".py"))
    assert (ROOT / script).is_file()
    name = Path(script).stem
    if (ROOT / "configs" / f"{name}.yaml").is_file() and "--help" not in words:
        values = [word.replace("…", "x") for word in words[words.index(script) + 1 :] if "=" in word]
        values = [value for value in values if "," not in value or "[" in value]
        compose(with_task_options(values, ROOT / "configs" / f"{name}.yaml"), config_name=name)


def test_files_and_names_that_it_shows_exist():
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert target.startswith("http") or (ROOT / target).exists(), target


@pytest.mark.slow  # .ci/run checks it by the same command
def test_the_models_are_up_to_date():
    ended = subprocess.run([sys.executable, str(ROOT / "scripts" / "models_table.py"), "--check"], capture_output=True)
    assert ended.returncode == 0, ended.stderr.decode()
