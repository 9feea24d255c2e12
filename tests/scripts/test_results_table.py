import importlib.util
import json
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "results_table.py"


@pytest.fixture
def table(monkeypatch, tmp_path):
    spec = importlib.util.spec_from_file_location("results_table", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PAGE", tmp_path / "RESULTS.md")
    return module


def write(folder, overrides, test, baselines, seconds):
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text(json.dumps(overrides))
    results = {"test": test, "baselines": baselines, "epochs": 3, "seconds": seconds, "device": "CPU"}
    (folder / "metrics.json").write_text(json.dumps(results))


def test_seeds_of_one_command_share_a_row(table, tmp_path, monkeypatch):
    rules = {"majority": {"accuracy": 0.2}, "forest": {"accuracy": 0.7}}
    for seed, accuracy in ((0, 0.8), (1, 0.9)):
        words = [f"seed={seed}", "model=lenet5", "data.root=/home/ada/flowers"]
        write(tmp_path / "runs" / str(seed), words, {"accuracy": accuracy, "loss": 1.0}, rules, 10)
    faces = ["experiment=orl"]
    write(tmp_path / "runs" / "orl", faces, {"eer": 0.1, "auc": 0.9}, {"a": {"eer": 0.3}, "b": {"eer": 0.2}}, 5)
    monkeypatch.setattr(sys, "argv", ["results_table.py", str(tmp_path / "runs")])
    table.main()
    rows = (tmp_path / "RESULTS.md").read_text().splitlines()[-2:]
    assert rows == [
        "| `python train.py experiment=orl` | 1 | eer 0.1000, auc 0.9000 | b 0.2000 | 3 | 5 | CPU |",
        "| `python train.py model=lenet5 data.root=…/flowers` | 2 | accuracy 0.8500 ± 0.0707 | forest 0.7000 | 3 | 10 "
        "| CPU |",
    ]
