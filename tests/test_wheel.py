"""A wheel installation trains in an empty folder."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.slow
def test_a_wheel_trains_without_a_clone(tmp_path):
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "-w", str(tmp_path), str(ROOT)], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"zoo/configs/train.yaml", "zoo/py.typed"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "configs/", "scripts/")) or "benchmark" in name]
    # A second environment that borrows the packages of this one, but not its editable zoo.
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "--no-deps", str(wheel)], check=True)
    site = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (site / "borrowed.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    folder = tmp_path / "empty"
    folder.mkdir()
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    train = [tmp_path / "venv" / "bin" / "zoo-train", "trainer.max_epochs=1", "baselines=false"]
    ended = subprocess.run(train, cwd=folder, env=alone, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    assert list(folder.rglob("report/index.html"))
    command = [python, "-c", "import zoo; print(zoo.__file__)"]
    assert str(site) in subprocess.run(command, cwd=folder, env=alone, capture_output=True, text=True).stdout
