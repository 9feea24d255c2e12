"""Two processes on the CPU train together and measure what one measures."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
QUICK = ["trainer=ddp", "trainer.accelerator=cpu", "baselines=false"]


def run(folder, script, *words):
    ended = subprocess.run([sys.executable, ROOT / script, *QUICK, *words], cwd=folder, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (found,) = (folder / words[-1].removeprefix("runs=")).rglob("metrics.json")
    return found


@pytest.mark.slow
def test_two_processes_measure_what_one_does_on_a_split_that_two_does_not_divide(tmp_path):
    trained = run(tmp_path, "train.py", "trainer.devices=2", "trainer.max_epochs=1", "runs=trained")
    assert len(list((tmp_path / "trained").rglob(".hydra"))) == 1, "one run directory for both"
    checkpoint = f"checkpoint={trained.parent}/checkpoints/best.ckpt"
    measured = [
        json.loads(run(tmp_path, "scripts/evaluate.py", checkpoint, f"trainer.devices={n}", f"runs=on{n}").read_text())
        for n in (1, 2)
    ]
    assert measured[0]["test"]["accuracy"] == measured[1]["test"]["accuracy"]
    assert measured[0]["test"] == pytest.approx(measured[1]["test"], rel=1e-6)
    assert measured[0]["test"]["accuracy"] * 359 == pytest.approx(
        round(measured[0]["test"]["accuracy"] * 359), abs=1e-3
    )


@pytest.mark.slow
def test_processes_that_torchrun_starts_leave_one_run_directory(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", "--nproc-per-node=2", ROOT / "train.py"]
    words = [*QUICK, "trainer.devices=2", "trainer.num_nodes=1", "trainer.max_epochs=1"]
    ended = subprocess.run([*command, *words], cwd=tmp_path, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    (run_dir,) = (tmp_path / "runs" / "lenet5-digits").iterdir()
    assert (run_dir / "report" / "index.html").is_file()
    assert (run_dir / ".hydra" / "config.yaml").is_file()
    assert ended.stdout.count("lenet5 on digits") == 1
