"""Forecasts of a file of the past."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from forecast_files import frame, model, source

from zoo.checkpoints.load import load
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.build import build_data, build_task
from zoo.run.predict import predict
from zoo.tasks.forecasting.history_file import resolve


def test_the_forecast_goes_on_where_the_file_ends(tmp_path: Path):
    task = model(tmp_path, frame())
    (result,) = predict(task, source(tmp_path, frame(40, "2027-02-01")), tmp_path / "out")
    assert result.stamps == [f"2027-03-{day}T00:00:00" for day in range(13, 18)]
    expected = np.sin(np.arange(40, 45) * 2 * np.pi / 7) + 10.0
    assert np.allclose([row[0] for row in result.values], expected)
    written = list(csv.reader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    assert written[0] == ["day", "y", "y_lower", "y_upper"]
    assert [row[0] for row in written[1:]] == result.stamps
    assert [float(row[1]) for row in written[1:]] == [row[0] for row in result.values]
    (stored,) = json.loads((tmp_path / "out" / "predictions.json").read_text())
    assert stored["values"] == result.values
    assert (tmp_path / "out" / "forecast.png").stat().st_size > 1000


def test_intervals_hold_what_they_promise_on_noise(tmp_path: Path):
    noise = np.random.default_rng(0).normal(size=2000)
    task = model(tmp_path, frame(2000).assign(y=noise), "data.split=[0.2,0.4,0.4]")
    (result,) = predict(task, source(tmp_path, frame(40).assign(y=noise[:40])))
    lower, upper = np.array(result.lower), np.array(result.upper)
    half = 1.645 * np.sqrt(2.0)  # the season repeated: two draws of noise apart
    assert np.allclose((upper - lower)[:, 0] / 2, half, rtol=0.12)


def test_several_series_and_a_longer_horizon(tmp_path: Path):
    table = pd.concat([frame(80).assign(who="a"), frame(80).assign(who="b", y=np.arange(80.0))])
    task = model(tmp_path, table, "data.series=who", name="naive_drift")
    results = predict(task, source(tmp_path, table), tmp_path / "out", horizon=8, recursive=True)
    assert [result.series for result in results] == ["a", "b"]
    assert np.allclose(np.array(results[1].values)[:, 0], np.arange(80, 88))
    widths = [up[0] - low[0] for low, up in zip(results[0].lower, results[0].upper, strict=True)]
    assert widths[5:] == sorted(widths)[5:]  # wider with the step
    assert widths[7] == pytest.approx(max(widths[:5]) * (8 / 5) ** 0.5)
    written = list(csv.reader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    assert written[0] == ["who", "day", "y", "y_lower", "y_upper"]
    assert len(written) == 1 + 16
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


@pytest.mark.parametrize("name", ["naive_last", "linear_forecaster", "gru", "conv_forecaster"])
def test_covariates_of_the_past_are_read_and_not_forecast(tmp_path: Path, name: str):
    price = np.random.default_rng(0).normal(size=90)
    task = model(tmp_path, frame(90, price=price), "data.past_covariates=[price]", name=name)
    past = frame(40, price=price[:40])
    (result,) = predict(task, source(tmp_path, past), tmp_path / "out")
    assert np.array(result.values).shape == (5, 1)
    (other,) = predict(task, source(tmp_path, past.assign(price=price[40:80])))
    assert (other.values == result.values) == (name == "naive_last")
    with pytest.raises(ZooError, match=r"reads columns that it does not forecast \(1\), .* ask for at most 5$"):
        predict(task, source(tmp_path, past), horizon=6, recursive=True)


def test_missing_values_are_filled_as_asked(tmp_path: Path):
    task, gap = model(tmp_path, frame()), frame(40)
    gap.loc[35, "y"] = np.nan
    with pytest.raises(
        ZooError, match=r"misses 1 of 40 values, the first in row 36: fill=forward repeats .* fill=zero"
    ):
        predict(task, source(tmp_path, gap))
    (zero,) = predict(task, source(tmp_path, gap), fill="zero")
    assert zero.values[2] == pytest.approx([0.0], abs=1e-6)  # a season of 7 after row 36
    with pytest.raises(ZooError, match=r"`fill` \(=mean\) must be one of: null, forward, zero"):
        predict(task, source(tmp_path, gap), fill="mean")


def test_two_months_are_enough_to_go_on_by_months(tmp_path: Path):
    months = pd.date_range("2016-01-01", periods=90, freq="MS").strftime("%Y-%m-%d")
    task = model(tmp_path, frame().assign(day=months), "data.context=2", "data.season=1", name="naive_last")
    (two,) = predict(task, source(tmp_path, frame(2).assign(day=["2026-01-01", "2026-02-01"])))
    assert two.stamps[:2] == ["2026-03-01T00:00:00", "2026-04-01T00:00:00"]
    with pytest.raises(ZooError, match=r"has a value every 32D; this model was trained on one every MS"):
        predict(task, source(tmp_path, frame(2).assign(day=["2026-01-01", "2026-02-02"])))
    with pytest.raises(ZooError, match="tells the time by numbers; this model was trained on dates without an offset"):
        predict(task, source(tmp_path, frame(2).assign(day=[1, 2])))


def test_times_with_an_offset_go_on_in_utc(tmp_path: Path):
    berlin = pd.date_range("2026-01-01", periods=90, freq="h", tz="Europe/Berlin")
    task = model(
        tmp_path, frame().assign(day=[time.isoformat() for time in berlin]), "data.calendar=[hour]", name="gru"
    )
    summer = pd.date_range("2026-07-01", periods=40, freq="h", tz="Europe/Berlin")
    past = frame(40).assign(day=[time.isoformat() for time in summer])
    (result,) = predict(task, source(tmp_path, past), tmp_path / "out")
    assert result.history_stamps[-1] == "2026-07-02T13:00:00+00:00"
    assert result.stamps[0] == "2026-07-02T14:00:00+00:00"
    with pytest.raises(ZooError, match="by dates without an offset from UTC; this model was trained on dates with an"):
        predict(task, source(tmp_path, past.assign(day=past["day"].str[:19])))


def test_a_forecast_that_is_no_number_is_refused(tmp_path: Path):
    task = model(tmp_path, frame(), name="linear_forecaster")
    torch.nn.init.constant_(task.network.output.bias, torch.inf)
    with pytest.raises(ZooError, match=r"the forecast of .*history.csv is not finite"):
        predict(task, source(tmp_path, frame(40)))


def test_a_checkpoint_forecasts_from_the_file_alone(tmp_path: Path):
    task = model(tmp_path, frame(), name="gru")
    checkpoint: dict = {"state_dict": task.state_dict()}
    task.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, tmp_path / "some.ckpt")
    past = source(tmp_path, frame(40, "2027-02-01"))
    assert predict(load(tmp_path / "some.ckpt"), past) == predict(task, past)


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (frame(40).rename(columns={"y": "z"}), {}, r"has no column `y`, .* it needs: y, day; there are: day, z"),
        (frame(10), {}, r"history.csv has 10 points; this model reads the last 14"),
        (frame(40), {"horizon": 6}, r"`horizon` \(=6\) is beyond the 5 steps .* recursive=true"),
        (frame(40), {"horizon": 0}, r"`horizon` \(=0\) must be at least 1"),
        (frame(80)[::2], {}, r"has a value every 2D; this model was trained on one every D"),
        (frame(40).assign(y="abc"), {}, r"row 1, column `y`: 'abc' is no number"),
        (frame(0), {}, r"has a header and no rows"),
    ],
)
def test_bad_files_and_options(tmp_path: Path, table: pd.DataFrame, options: dict, message: str):
    task = model(tmp_path, frame())
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, table), **options)


def test_an_array_file_is_forecast_like_the_table_of_its_values(tmp_path: Path):
    values = (np.sin(np.arange(90) * 2 * np.pi / 7) + 10.0).astype(np.float32)
    np.save(tmp_path / "train.npy", values)
    shape = ["data.context=14", "data.horizon=5", "data.season=7"]
    config = to_dict(compose(["model=seasonal_naive", "data=series", f"data.path={tmp_path / 'train.npy'}", *shape]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    np.save(tmp_path / "history.npy", values[:40])
    (result,) = predict(task, tmp_path / "history.npy", tmp_path / "out")
    assert result.stamps == [40, 41, 42, 43, 44]
    assert np.allclose([row[0] for row in result.values], values[40:45], atol=1e-5)
    (same,) = predict(task, source(tmp_path, pd.DataFrame({"0": values[:40].astype(float)})), tmp_path / "csv")
    assert (same.values, same.stamps) == (result.values, result.stamps)
    np.save(tmp_path / "short.npy", values[:9])
    with pytest.raises(ZooError, match=r"short.npy has 9 points; this model reads the last 14"):
        predict(task, tmp_path / "short.npy")


def test_a_data_frame_is_forecast_as_a_file(tmp_path):
    table = frame()
    task = model(tmp_path, table)
    expected = predict(task, source(tmp_path, table))
    assert predict(task, table) == expected
    assert predict(task, table.set_index("day")) == expected
    with pytest.raises(ZooError, match="trained with the columns day, .*which an array cannot name: give a data frame"):
        resolve(np.zeros(40), task.card)
    for several in (tmp_path, [tmp_path / "history.csv"] * 2, "https://a/b.csv"):
        with pytest.raises(ZooError, match="a forecaster reads one CSV, Parquet or .npy file, a data"):
            resolve(several, task.card)


def test_an_array_is_forecast_as_the_columns_of_the_training():
    card = {"targets": ["a", "b"], "past_covariates": [], "future_covariates": []}
    values = np.arange(8.0).reshape(4, 2)
    assert resolve(torch.from_numpy(values), card).equals(pd.DataFrame({"a": values[:, 0], "b": values[:, 1]}))
    with pytest.raises(ZooError, match=r"the array has the shape \(4, 1\) and float64 values: .* the columns a, b"):
        resolve(values[:, 0], card)
