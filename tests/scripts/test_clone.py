"""The scripts of a clone use the zoo of that clone, whatever else is installed."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPTS = ["train.py", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "scripts").glob("*.py"))]
TORCH = ("finetuning_table", "reproduce", "step_cost", "verify_weights")  # is imported for their help
SLOW = {f"scripts/{name}.py" for name in TORCH}


@pytest.mark.parametrize(
    "script", [pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name for name in SCRIPTS]
)
def test_a_script_uses_its_clone(script, tmp_path):
    (tmp_path / "packages" / "zoo").mkdir(parents=True)
    (tmp_path / "packages" / "zoo" / "__init__.py").write_text("raise SystemExit('another zoo')")
    # Without `site` no editable installation is on the path.
    path = os.pathsep.join([str(tmp_path / "packages"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")])
    (tmp_path / "elsewhere").mkdir()
    ended = subprocess.run(
        [sys.executable, "-S", str(ROOT / script), "--help"],
        cwd=tmp_path / "elsewhere",
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout
