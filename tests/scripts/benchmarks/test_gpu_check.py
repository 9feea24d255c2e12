"""The GPU check runs as a whole on tiny inputs, without a GPU."""

import json
import re
import subprocess
import sys
import tomllib

import pytest
from benchmarks.gpu.command import PARTS

from zoo.distribution import ROOT


@pytest.mark.slow
def test_every_part_runs_on_the_cpu(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "gpu_check.py"), "--device", "cpu", "--quick"]
    ended = subprocess.run([*command, "--results", "."], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    (written,) = tmp_path.glob("*.json")
    suites = json.loads(written.read_text())["suites"]
    assert list(suites) == [f"gpu {part}" for part in PARTS]
    rows = [row for suite in suites.values() for row in suite["rows"]]
    idle = [row["name"] for row in rows if row["verdict"] not in ("measured", "within", "over")]
    assert all("compiled" in name for name in idle), idle


def test_the_list_of_wheels_has_every_requirement():
    lines = (ROOT / "scripts" / "gpu_wheels.txt").read_text().splitlines()
    brought = {"torch", "torchvision", "numpy", "pillow"}  # the last two by torchvision
    optional = {"torchcodec"}  # must match torch; Pillow reads the images without it
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[^\w-]", line)[0] for line in project["dependencies"]}
    assert needed <= {*lines, *brought, *optional}
