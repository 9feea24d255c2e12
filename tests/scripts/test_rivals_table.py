"""The table of a model beside its rivals."""

import json
import sys

import rivals_table


def run(value, rival, mode="max"):
    name = "accuracy" if mode == "max" else "rmse"
    test = {name: value} | ({} if mode == "max" else {"coverage": 0.9})
    return {
        "model": "two_layer",
        "data": "iris",
        "monitored": {"name": f"val/{name}", "mode": mode},
        "test": test,
        "baselines": {"worse": {name: 0.5 if mode == "max" else 9.0}, "better": {name: rival}},
    }


def test_rivals_are_sorted_best_first():
    assert rivals_table.line([run(0.8, 0.9), run(1.0, 0.7)]) == (
        "| iris | 2 | accuracy | two_layer 0.900 ± 0.141 | better 0.800, worse 0.500 | – |"
    )
    line = rivals_table.line([run(2.0, 1.0, "min")])
    assert line == "| iris | 1 | rmse | two_layer 2.00 | better 1.00, worse 9.00 | 0.900 |"


def test_folders_of_runs(tmp_path, monkeypatch, capsys):
    (tmp_path / "metrics.json").write_text(json.dumps(run(0.8, 0.9)))
    monkeypatch.setattr(sys, "argv", ["rivals_table.py", str(tmp_path)])
    assert rivals_table.main() == 0
    assert "two_layer 0.800" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["rivals_table.py", str(tmp_path / "empty")])
    assert rivals_table.main() == 2
