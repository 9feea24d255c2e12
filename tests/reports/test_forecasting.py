from pathlib import Path

import numpy as np
import pytest

from zoo.build import build_data, build_task
from zoo.config import compose, plain
from zoo.reports.forecasting import autocorrelation, sections


def test_autocorrelation_equals_statsmodels():
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    values = np.random.default_rng(0).normal(size=200).cumsum()
    assert np.allclose(autocorrelation(values, 20), stattools.acf(values, nlags=20)[1:])


@pytest.mark.parametrize("words", [["model=gru"], ["model=gru_quantile", "data=elnino"], ["model=last", "data=nile"]])
def test_every_part_is_there(tmp_path: Path, words: list[str]):
    small = [] if len(words) > 1 else ["data.samples=2000", "data.val_samples=500"]
    config = plain(compose([*words, *small]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.facts(), data.card())
    task.log_dict = lambda *_, **__: None
    task.validation_step(data.all_windows("val"), 0)
    task.on_validation_epoch_end()
    task.on_test_start()
    task.test_step(data.all_windows("test"), 0)
    measured = {name.removeprefix("test/"): value.item() for name, value in task.test_metrics.compute().items()}
    task.on_test_epoch_end()
    results = {"test": measured, "baselines": {"last": {"rmse": 1.0}}, "parameters": 1, "epochs": 1}
    results |= {"seconds": 1.0, "device": "CPU", "precision": "32", "samples_per_second": 1.0}
    parts = sections(task, data, tmp_path, results)
    assert [part.title for part in parts] == [
        "Result",
        "Forecasts over truth",
        "Error of each step ahead",
        "Calibration of the intervals",
        "Residual autocorrelation",
    ]
    for part in parts:
        assert len(part.figures) == 1
        assert part.figures[0].stat().st_size > 1000
    levels, shares = zip(*task.test_calibration, strict=True)
    assert list(levels) == sorted(levels)
    assert all(0.0 <= share <= 1.0 for share in shares)
    horizon = parts[2].table
    assert horizon is not None
    rows = {row[0]: row[1:] for row in horizon}
    if config["data"].get("name") == "nile":  # the model is the rule
        assert rows["this model"] == rows["last"]
