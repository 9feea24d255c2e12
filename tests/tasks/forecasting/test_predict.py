"""From a file of the past to the file of a forecast."""

import csv
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.checkpoints.load import load
from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.build import build_data, build_task
from zoo.run.predict import predict
from zoo.tasks.forecasting import Forecasting


def frame(count: int = 90, start: str = "2026-01-01", **columns) -> pd.DataFrame:
    stamps = pd.date_range(start, periods=count, freq="D").strftime("%Y-%m-%d")
    y = np.sin(np.arange(count) * 2 * np.pi / 7) + 10.0
    return pd.DataFrame({"day": stamps, "y": y, **columns})


def model(tmp_path: Path, table: pd.DataFrame, *words: str, name: str = "seasonal_naive") -> Forecasting:
    path = tmp_path / "train.csv"
    table.to_csv(path, index=False)
    shape = ["data.time=day", "data.targets=[y]", "data.context=14", "data.horizon=5", "data.season=7"]
    config = to_dict(compose([f"model={name}", "data=series", f"data.path={path}", *shape, *words]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    task.log_dict = lambda *_, **__: None
    task.validation_step(data.all_windows("val"), 0)
    task.on_validation_epoch_end()
    return task


def source(tmp_path: Path, table: pd.DataFrame, name: str = "history.csv") -> Path:
    table.to_csv(tmp_path / name, index=False)
    return tmp_path / name


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
    assert results[1].lower[4][0] is not None
    assert results[1].lower[5][0] is None
    written = list(csv.reader((tmp_path / "out" / "predictions.csv").read_text().splitlines()))
    assert written[0] == ["who", "day", "y", "y_lower", "y_upper"]
    assert len(written) == 1 + 16
    assert len(list((tmp_path / "out").glob("*.png"))) == 2


def test_known_columns_are_read_from_the_rows_ahead(tmp_path: Path):
    table = frame(90, promotion=np.arange(90) % 3)
    task = model(tmp_path, table, "data.known=[promotion]", "data.calendar=[weekday]", name="linear_forecaster")
    ahead = frame(45, promotion=np.arange(45) % 3)
    ahead.loc[40:, "y"] = np.nan
    (result,) = predict(task, source(tmp_path, ahead))
    assert result.stamps[0] == "2026-02-10T00:00:00"
    other = ahead.copy()
    other.loc[40:, "promotion"] = 2
    (changed,) = predict(task, source(tmp_path, other))
    assert changed.values != result.values
    wanted = r"needs promotion for 5 steps after the last value: add rows with y left empty \(there are 3\)$"
    with pytest.raises(ZooError, match=wanted):
        predict(task, source(tmp_path, ahead[:43]))
    late, turned = ahead.copy(), pd.concat([ahead[:40], ahead[40:][::-1]], ignore_index=True)
    late.loc[40:, "day"] = pd.date_range("2026-03-12", periods=5).strftime("%Y-%m-%d")
    for wrong, found in ((late, "2026-03-12"), (turned, "2026-02-14")):
        with pytest.raises(
            ZooError, match=rf"row 41, column `day`: {found}T00:00:00 stands where the step 2026-02-10T"
        ):
            predict(task, source(tmp_path, wrong))


@pytest.mark.parametrize("name", ["naive_last", "linear_forecaster", "gru", "conv_forecaster"])
def test_covariates_of_the_past_are_read_and_not_forecast(tmp_path: Path, name: str):
    price = np.random.default_rng(0).normal(size=90)
    task = model(tmp_path, frame(90, price=price), "data.covariates=[price]", name=name)
    past = frame(40, price=price[:40])
    (result,) = predict(task, source(tmp_path, past), tmp_path / "out")
    assert np.array(result.values).shape == (5, 1)
    (other,) = predict(task, source(tmp_path, past.assign(price=price[40:80])))
    assert (other.values == result.values) == (name == "naive_last")
    with pytest.raises(ZooError, match=r"reads columns that it does not forecast \(1\), .* ask for at most 5$"):
        predict(task, source(tmp_path, past), horizon=6, recursive=True)


@pytest.mark.parametrize("name", ["linear_forecaster", "gru"])
@pytest.mark.parametrize("words", [["data.known=[promotion]"], ["data.calendar=[weekday]"]])
def test_a_shorter_horizon_is_the_beginning_of_the_whole(tmp_path: Path, name: str, words: list[str]):
    task = model(tmp_path, frame(90, promotion=np.arange(90) % 3), "data.targets=[y]", *words, name=name)
    ahead = frame(52, promotion=np.arange(52) ** 2 % 7)
    ahead.loc[40:, "y"] = np.nan
    path = source(tmp_path, ahead if "promotion" in words[0] else ahead[:40])
    (whole,) = predict(task, path, horizon=5)
    (twice,) = predict(task, path, horizon=10, recursive=True)
    for steps in range(1, 10):
        (part,) = predict(task, path, horizon=steps, recursive=True)
        assert part.stamps == twice.stamps[:steps]
        assert np.allclose(part.values, (whole.values if steps <= 5 else twice.values)[:steps], rtol=1e-6)
    assert twice.values[:5] == whole.values


def test_rows_ahead_are_wanted_for_all_that_the_network_reads(tmp_path: Path):
    ahead = frame(48, promotion=1)
    ahead.loc[40:, "y"] = np.nan
    direct = model(tmp_path, frame(90, promotion=np.arange(90) % 3), "data.known=[promotion]", name="gru")
    with pytest.raises(ZooError, match=r"for 5 steps .*, because the network forecasts 5 steps at once: .* are 3\)$"):
        predict(direct, source(tmp_path, ahead[:43]), horizon=3)
    with pytest.raises(ZooError, match=r"for 10 steps .* \(there are 8\), or ask for horizon=5$"):
        predict(direct, source(tmp_path, ahead), horizon=7, recursive=True)
    words = ["data.known=[promotion]", "+model.network.strategy=recursive"]
    stepwise = model(tmp_path, frame(90, promotion=np.arange(90) % 3), *words, name="gru")
    (short,) = predict(stepwise, source(tmp_path, ahead[:43]), horizon=3)
    (longer,) = predict(stepwise, source(tmp_path, ahead), horizon=8)
    assert np.allclose(short.values, longer.values[:3])


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("promotion", np.inf, "row 42, column `promotion`: the value is infinite"),
        ("promotion", "yes", "row 42, column `promotion`: 'yes' is no number"),
        ("promotion", np.nan, "row 42, column `promotion`: the value is missing, which the forecast needs to know"),
        ("day", "2026-02-11T00:00Z", "row 42, column `day`: .* has an offset from UTC, where row 41 has none"),
    ],
)
def test_rows_ahead_are_checked_like_those_of_the_past(tmp_path: Path, column: str, value: object, message: str):
    task = model(tmp_path, frame(90, promotion=np.arange(90) % 3), "data.known=[promotion]", name="linear_forecaster")
    ahead = frame(45, promotion=1).astype(object)
    ahead.loc[40:, "y"] = np.nan
    ahead.loc[41, column] = value
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, ahead))


def test_a_series_without_a_past_is_not_left_out(tmp_path: Path):
    both = pd.concat([frame(90, promotion=1, shop="a"), frame(90, promotion=np.arange(90) % 3, shop="b")])
    task = model(tmp_path, both, "data.known=[promotion]", "data.series=shop", name="linear_forecaster")
    with pytest.raises(ZooError, match="the forecast of series `a` of .*history.csv needs promotion for 5 steps"):
        predict(task, source(tmp_path, both))
    new = frame(5, promotion=1, shop="c").astype(object).assign(y=np.nan)
    with pytest.raises(ZooError, match="row 181: series `c` has no value of y yet"):
        predict(task, source(tmp_path, pd.concat([both, new], ignore_index=True)))
    nameless = both.astype(object).reset_index(drop=True)
    nameless.loc[7, "shop"] = None
    with pytest.raises(ZooError, match="row 8, column `shop`: the name of the series is missing"):
        predict(task, source(tmp_path, nameless))


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
    import torch

    task = model(tmp_path, frame(), name="linear_forecaster")
    torch.nn.init.constant_(task.network.output.bias, torch.inf)
    with pytest.raises(ZooError, match=r"the forecast of .*history.csv is not finite"):
        predict(task, source(tmp_path, frame(40)))


def test_a_horizon_out_of_reach_is_refused_before_the_rows_ahead(tmp_path: Path):
    table = frame(90, promotion=np.arange(90) % 3)
    task = model(tmp_path, table, "data.known=[promotion]", name="linear_forecaster")
    with pytest.raises(ZooError, match=r"`horizon` \(=9\) is beyond the 5 steps"):
        predict(task, source(tmp_path, table[:40]), horizon=9)


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("y", "abc", "row 66, column `y`: 'abc' is no number"),
        ("y", np.inf, "row 66, column `y`: the value is infinite"),
        ("promotion", np.nan, "column `promotion` misses 1 of 80 values, the first in row 66"),
        ("day", "2026-01-20", "row 66, column `day`: 2026-01-20T00:00:00 repeats the time of row 65"),
        ("day", "2027-01-20", "row 67, column `day`: 2026-01-22T00:00:00 comes before the time of row 66"),
        ("day", "soon", "row 66, column `day`: 'soon' is no time"),
    ],
)
def test_rows_are_those_of_the_file_whatever_rows_ahead_stand_before_them(
    tmp_path: Path, column: str, value: object, message: str
):
    table = frame(90, promotion=np.arange(90) % 3, shop="a")
    task = model(tmp_path, table, "data.known=[promotion]", "data.series=shop", name="linear_forecaster")
    one = frame(45, promotion=0, shop="a").astype(object)
    one.loc[40:, "y"] = np.nan
    both = pd.concat([one, one.assign(shop="b")], ignore_index=True)
    both.loc[65, column] = value
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, both))


def test_a_checkpoint_forecasts_from_the_file_alone(tmp_path: Path):
    import torch

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
