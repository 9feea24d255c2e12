"""Forecasts with future covariates, read from rows after the last value."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from forecast_files import frame, model, source

from zoo.errors import ZooError
from zoo.run.predict import predict


def test_known_columns_are_read_from_the_rows_ahead(tmp_path: Path):
    table = frame(90, promotion=np.arange(90) % 3)
    task = model(
        tmp_path, table, "data.future_covariates=[promotion]", "data.calendar=[weekday]", name="linear_forecaster"
    )
    ahead = frame(45, promotion=np.arange(45) % 3)
    ahead.loc[40:, "y"] = np.nan
    (result,) = predict(task, source(tmp_path, ahead))
    assert result.stamps[0] == "2026-02-10T00:00:00"
    other = ahead.copy()
    other.loc[40:, "promotion"] = 2
    (changed,) = predict(task, source(tmp_path, other))
    assert changed.values != result.values
    message = r"needs promotion for 5 steps after the last value: add rows with y left empty \(there are 3\)$"
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, ahead[:43]))
    late, turned = ahead.copy(), pd.concat([ahead[:40], ahead[40:][::-1]], ignore_index=True)
    late.loc[40:, "day"] = pd.date_range("2026-03-12", periods=5).strftime("%Y-%m-%d")
    for wrong, found in ((late, "2026-03-12"), (turned, "2026-02-14")):
        with pytest.raises(
            ZooError, match=rf"row 41, column `day`: {found}T00:00:00 stands where the step 2026-02-10T"
        ):
            predict(task, source(tmp_path, wrong))


@pytest.mark.parametrize("name", ["linear_forecaster", "gru"])
@pytest.mark.parametrize("words", [["data.future_covariates=[promotion]"], ["data.calendar=[weekday]"]])
def test_a_shorter_horizon_is_the_beginning_of_the_full_one(tmp_path: Path, name: str, words: list[str]):
    task = model(tmp_path, frame(90, promotion=np.arange(90) % 3), "data.targets=[y]", *words, name=name)
    ahead = frame(52, promotion=np.arange(52) ** 2 % 7)
    ahead.loc[40:, "y"] = np.nan
    path = source(tmp_path, ahead if "promotion" in words[0] else ahead[:40])
    (full,) = predict(task, path, horizon=5)
    (twice,) = predict(task, path, horizon=10, recursive=True)
    for steps in range(1, 10):
        (part,) = predict(task, path, horizon=steps, recursive=True)
        assert part.stamps == twice.stamps[:steps]
        assert np.allclose(part.values, (full.values if steps <= 5 else twice.values)[:steps], rtol=1e-6)
    assert twice.values[:5] == full.values


def test_rows_ahead_are_required_for_all_steps_of_the_network(tmp_path: Path):
    ahead = frame(48, promotion=1)
    ahead.loc[40:, "y"] = np.nan
    direct = model(tmp_path, frame(90, promotion=np.arange(90) % 3), "data.future_covariates=[promotion]", name="gru")
    with pytest.raises(ZooError, match=r"for 5 steps .*, because the network forecasts 5 steps at once: .* are 3\)$"):
        predict(direct, source(tmp_path, ahead[:43]), horizon=3)
    with pytest.raises(ZooError, match=r"for 10 steps .* \(there are 8\), or ask for horizon=5$"):
        predict(direct, source(tmp_path, ahead), horizon=7, recursive=True)
    words = ["data.future_covariates=[promotion]", "+model.network.strategy=recursive"]
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
    task = model(
        tmp_path, frame(90, promotion=np.arange(90) % 3), "data.future_covariates=[promotion]", name="linear_forecaster"
    )
    ahead = frame(45, promotion=1).astype(object)
    ahead.loc[40:, "y"] = np.nan
    ahead.loc[41, column] = value
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, ahead))


def test_a_series_without_a_past_is_not_left_out(tmp_path: Path):
    both = pd.concat([frame(90, promotion=1, shop="a"), frame(90, promotion=np.arange(90) % 3, shop="b")])
    task = model(tmp_path, both, "data.future_covariates=[promotion]", "data.series=shop", name="linear_forecaster")
    with pytest.raises(ZooError, match="the forecast of series `a` of .*history.csv needs promotion for 5 steps"):
        predict(task, source(tmp_path, both))
    new = frame(5, promotion=1, shop="c").astype(object).assign(y=np.nan)
    with pytest.raises(ZooError, match="row 181: series `c` has no value of y yet"):
        predict(task, source(tmp_path, pd.concat([both, new], ignore_index=True)))
    nameless = both.astype(object).reset_index(drop=True)
    nameless.loc[7, "shop"] = None
    with pytest.raises(ZooError, match="row 8, column `shop`: the name of the series is missing"):
        predict(task, source(tmp_path, nameless))


def test_a_horizon_out_of_reach_is_refused_before_the_rows_ahead(tmp_path: Path):
    table = frame(90, promotion=np.arange(90) % 3)
    task = model(tmp_path, table, "data.future_covariates=[promotion]", name="linear_forecaster")
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
    task = model(tmp_path, table, "data.future_covariates=[promotion]", "data.series=shop", name="linear_forecaster")
    one = frame(45, promotion=0, shop="a").astype(object)
    one.loc[40:, "y"] = np.nan
    both = pd.concat([one, one.assign(shop="b")], ignore_index=True)
    both.loc[65, column] = value
    with pytest.raises(ZooError, match=message):
        predict(task, source(tmp_path, both))
