import csv
import json
from pathlib import Path

import yaml
from omegaconf import OmegaConf

from zoo.run.sweep_table import SweepTable


def write_run(folder: Path, words: list[str], value: float, test: float, mode: str) -> None:
    (folder / ".hydra").mkdir(parents=True)
    (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(words))
    monitored = {"name": "val/accuracy", "mode": mode, "value": value, "epoch": 2}
    (folder / "metrics.json").write_text(json.dumps({"monitored": monitored, "test": {"accuracy": test, "loss": 1.0}}))


def test_seeds_share_a_line_and_the_best_setting_is_first(tmp_path, capsys):
    rows = [("lr=1", 0, 0.5, 0.6), ("lr=1", 1, 0.7, 0.4), ("+lr=2", 0, 0.9, 0.3), ("+lr=2", 1, 0.9, 0.5)]
    for number, (word, seed, value, test) in enumerate(rows):
        write_run(
            tmp_path / "m" / str(number), [word, f"seed={seed}", "runs=elsewhere", "model=lenet5"], value, test, "max"
        )
    (tmp_path / "m" / "unfinished" / ".hydra").mkdir(parents=True)
    SweepTable().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))
    assert capsys.readouterr().out.splitlines()[:3] == [
        "setting  runs  val/accuracy     test/accuracy",
        "lr=2     2     0.9000 ± 0.0000  0.4000 ± 0.1414",
        "lr=1     2     0.6000 ± 0.1414  0.5000 ± 0.1414",
    ]
    written = list(csv.DictReader((tmp_path / "sweep.csv").read_text().splitlines()))
    assert [(row["lr"], row["seed"], row["val/accuracy"], row["test/accuracy"]) for row in written] == [
        (word[-1], str(seed), str(value), str(test)) for word, seed, value, test in rows
    ]
    assert "0.6000 ± 0.1414" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_for_an_error_the_lowest_is_first_and_an_empty_sweep_is_silent(tmp_path, capsys):
    sweep = OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}})
    SweepTable().on_multirun_end(sweep)
    assert not any(tmp_path.iterdir())
    for word, value in (("lr=1", 0.5), ("lr=2", 0.4)):
        write_run(tmp_path / word, [word], value, 0.1, "min")
    SweepTable().on_multirun_end(sweep)
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()[1:3]] == ["lr=2", "lr=1"]


def test_baselines_that_all_runs_share_stand_below_them(tmp_path, capsys):
    """Of the same data: a baseline of a single setting is none of the others."""
    for word, seed, own in (("lr=1", 0, 0.1), ("lr=2", 0, 0.2), ("lr=1", 1, 0.1), ("lr=2", 1, 0.2)):
        folder = tmp_path / f"{word}-{seed}"
        write_run(folder, [word, f"seed={seed}"], 0.5, 0.6, "max")
        results = json.loads((folder / "metrics.json").read_text())
        baselines = {"majority": {"accuracy": 0.3 + 0.1 * seed}, "own": {"accuracy": own}, "other": {"auc": 0.5}}
        (folder / "metrics.json").write_text(json.dumps(results | {"baselines": baselines}))
    SweepTable().on_multirun_end(OmegaConf.create({"hydra": {"sweep": {"dir": str(tmp_path)}}}))
    assert [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()[1:-1]] == [
        "lr=1",
        "lr=2",
        "baseline: majority",
    ]
    assert "0.3500 ± 0.0707" in (tmp_path / "index.html").read_text(encoding="utf-8")
