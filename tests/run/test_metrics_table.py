import csv

import pytest

from zoo.run import metrics_table
from zoo.run.metrics_table import MetricsTable


def rows(folder):
    with (folder / "metrics.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_interrupted_save_leaves_the_table_as_it_was_and_the_next_one_has_each_row_once(tmp_path, monkeypatch):
    table = MetricsTable(tmp_path)
    table.log_metrics({"epoch": 0, "val/loss": 2.0}, step=8)
    table.save()
    before = rows(tmp_path)
    table.log_metrics({"epoch": 1, "test/loss": 1.0}, step=9)  # a new column

    class Interrupted(csv.DictWriter):
        def writerows(self, given):
            super().writerows(list(given)[:1])
            raise SystemExit(143)

    with monkeypatch.context() as patched:
        patched.setattr(metrics_table.csv, "DictWriter", Interrupted)
        with pytest.raises(SystemExit):
            table.save()
    assert rows(tmp_path) == before
    table.finalize("failed")
    assert rows(tmp_path) == [
        {"epoch": "0", "step": "8", "test/loss": "", "val/loss": "2.0"},
        {"epoch": "1", "step": "9", "test/loss": "1.0", "val/loss": ""},
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]
