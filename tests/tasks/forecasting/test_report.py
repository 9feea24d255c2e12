from pathlib import Path

import numpy as np
import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.data.series.windows import Windows
from zoo.run.build import build_data, build_task
from zoo.tasks.forecasting.report import autocorrelation, residual_section, sections


def test_autocorrelation_equals_statsmodels():
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    values = np.random.default_rng(0).normal(size=200).cumsum()
    assert np.allclose(autocorrelation([values], 20)[0], stattools.acf(values, nlags=20)[1:])
    gap = np.full(20, np.nan)
    with_gaps = np.concatenate([values[:120], gap, values[120:130], gap, values[130:]])
    ours, _ = autocorrelation([values[:120], values[120:130], values[130:]], 20)
    assert np.allclose(ours, stattools.acf(with_gaps, nlags=20, missing="conservative")[1:])


@pytest.mark.parametrize("lengths", [[400], [8] * 50])
def test_the_band_holds_95_percent_of_what_independent_series_give(lengths: list[int]):
    draw = np.random.default_rng(0)
    inside = []
    for _ in range(500):
        values, band = autocorrelation([draw.normal(size=length) for length in lengths], 6)
        inside.append(np.abs(values) <= band)
    assert np.mean(inside, axis=0) == pytest.approx(0.95, abs=0.03)


def test_the_reports_residuals_do_not_cross_from_one_series_to_the_next(tmp_path: Path):
    stattools = pytest.importorskip("statsmodels.tsa.stattools")
    residuals = np.random.default_rng(0).normal(size=(26, 2, 1)).cumsum(0)
    windows = Windows(torch.zeros(40, 1), [(0, 15), (15, 40)], context=6, horizon=2, out_channels=1, stride=1)
    assert len(windows) == 8 + 18
    found = residual_section(residuals, windows, tmp_path)
    first = residuals[:, 0, 0]
    with_gaps = np.concatenate([first[:8], np.full(16, np.nan), first[8:]])
    expected = stattools.acf(with_gaps, nlags=16, missing="conservative")[1:]
    pairs = [max(8 - lag, 0) + 18 - lag for lag in range(1, 17)]
    outside = int((np.abs(expected) > 1.96 * np.sqrt(pairs) / 26).sum())
    assert f"within each series. {outside} of 16 lags lie outside the 95 % band" in found.text


@pytest.mark.parametrize(
    "words", [["model=gru"], ["model=gru_quantile", "data=elnino"], ["model=naive_last", "data=nile"]]
)
def test_every_part_is_there(tmp_path: Path, words: list[str]):
    small = [] if len(words) > 1 else ["data.samples=2000", "data.val_samples=500"]
    config = to_dict(compose([*words, *small]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    task.log_dict = lambda *_, **__: None
    task.validation_step(data.all_windows("val"), 0)
    task.on_validation_epoch_end()
    task.on_test_start()
    task.test_step(data.all_windows("test"), 0)
    measured = {name.removeprefix("test/"): value.item() for name, value in task.test_metrics.compute().items()}
    task.on_test_epoch_end()
    results = {"test": measured, "baselines": {"naive_last": {"rmse": 1.0}}, "parameters": 1, "epochs": 1}
    results |= {"seconds": 1.0, "device": "CPU", "precision": "32", "samples_per_second": 1.0}
    parts = sections(task, data, tmp_path, results)
    assert [part.title for part in parts] == [
        "Result",
        "Forecasts and truth",
        "Error of each step ahead",
        "Calibration of the intervals",
        "Residual autocorrelation",
    ]
    for part in parts:
        several = part.title != "Error of each step ahead" or task.horizon > 1
        assert [figure.stat().st_size > 1000 for figure in part.figures] == [True] * several, part.title
    levels, shares = zip(*task.test_calibration, strict=True)
    assert list(levels) == sorted(levels)
    assert all(0.0 <= share <= 1.0 for share in shares)
    horizon = parts[2].table
    assert horizon is not None
    rows = {row[0]: row[1:] for row in horizon}
    if config["data"].get("name") == "nile":  # the model is the rule
        assert rows["this model"] == rows["naive_last"]
