import pytest

from zoo.reports.curves import learning_curves, read_metrics

CSV = """epoch,step,train/accuracy,train/loss,val/accuracy,val/loss,lr
0,9,,,0.5,1.5,
0,9,0.4,2.0,,,
1,19,,,0.6,nan,0.1
1,19,0.7,1.0,,,
1,20,0.8,0.01,,,
"""


def test_reads_what_lightning_writes(tmp_path):
    (tmp_path / "metrics.csv").write_text(CSV)
    metrics = read_metrics(tmp_path / "metrics.csv")
    assert list(metrics) == ["loss", "accuracy"]
    assert metrics["accuracy"] == {"train": [(0, 0.4), (1, 0.8)], "val": [(0, 0.5), (1, 0.6)]}
    assert metrics["loss"] == {"train": [(0, 2.0), (1, 0.01)], "val": [(0, 1.5)]}


def test_draws_a_panel_for_each_metric(tmp_path):
    (tmp_path / "metrics.csv").write_text(CSV)
    (section,) = learning_curves(tmp_path, tmp_path / "report")
    assert section.figures == [tmp_path / "report" / "learning_curves.png"]
    assert section.figures[0].is_file()


@pytest.mark.parametrize("content", [None, "", "epoch,step,test/accuracy\n0,1,0.5\n"])
def test_no_section_where_nothing_was_learned(tmp_path, content):
    if content is not None:
        (tmp_path / "metrics.csv").write_text(content)
    assert learning_curves(tmp_path, tmp_path) == []


def test_a_constant_metric_is_named_and_not_drawn(tmp_path):
    rows = "".join(f"{epoch},{epoch},0.{epoch},2.5\n" for epoch in range(4))
    (tmp_path / "metrics.csv").write_text(f"epoch,step,val/accuracy,val/margin\n{rows}")
    (section,) = learning_curves(tmp_path, tmp_path / "report")
    assert section.text == "Training and validation metrics of each epoch. Constant: margin 2.5."
