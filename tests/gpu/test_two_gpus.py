"""Two GPUs train one model, where there are two."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(torch.cuda.device_count() < 2, reason="needs two CUDA devices"),
]
TRAIN = Path(__file__).parents[2] / "train.py"


@pytest.mark.parametrize("trainer", ["ddp", "fsdp"])
def test_two_gpus_learn_together(tmp_path, trainer):
    words = [f"trainer={trainer}", "trainer.devices=2", "trainer.max_epochs=2", "baselines=false", "runs=runs"]
    ended = subprocess.run([sys.executable, TRAIN, *words], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert ended.returncode == 0, ended.stderr
    (metrics,) = tmp_path.rglob("metrics.json")
    assert json.loads(metrics.read_text())["test"]["accuracy"] > 0.5
    assert (metrics.parent / "report" / "index.html").is_file()
