from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.config.compose import compose, to_dict
from zoo.data.series.table_data import cut
from zoo.errors import ZooError
from zoo.run.backtest import backtest
from zoo.tasks.forecasting.backtest_metrics import WindowTimes, compare
from zoo.tasks.forecasting.backtest_report import table
from zoo.tasks.forecasting.diebold_mariano import diebold_mariano

SHAPE = ["data.time=t", "data.targets=[y]", "data.context=10", "data.horizon=3", "data.season=5"]


def config(tmp_path: Path, *words: str) -> dict:
    values = np.random.default_rng(0).normal(size=200).cumsum()
    path = tmp_path / "some.csv"
    pd.DataFrame({"t": range(200), "y": values}).to_csv(path, index=False)
    chosen = ["data=series", f"data.path={path}", *SHAPE, "folds=3", *words]
    return to_dict(compose(chosen, config_name="backtest"))


def times(*folds: tuple[int, int], horizon: int = 2, stride: int = 1) -> list[WindowTimes]:
    origins = [np.arange(first, end, stride) for first, end in folds]
    return [WindowTimes(known, known + horizon) for known in origins]


def test_folds_go_along_time_and_cover_the_test_part():
    parts = [cut(200, (0.7, 0.1, 0.2), 10, 3, fold=(number, 3)) for number in range(3)]
    blocks = [(part["test"][0] + 10, part["test"][1]) for part in parts if part]
    assert blocks == [(160, 173), (173, 186), (186, 200)]
    for part, (origin, _) in zip(parts, blocks, strict=True):
        assert part is not None
        assert part["train"][1] == int(origin * 0.875)
        assert part["val"] == (part["train"][1] - 10, origin)


@pytest.mark.parametrize("refit", [True, False])
def test_errors_of_last_equal_a_loop(tmp_path: Path, refit: bool):
    found = backtest(
        config(tmp_path, "model=naive_last", f"refit={refit}"), tmp_path / "run", model="naive_last", data="series"
    )
    values = pd.read_csv(tmp_path / "some.csv")["y"].to_numpy()
    scale = values[:140].std()
    errors = []
    for origin, end in ((160, 173), (173, 186), (186, 200)):
        errors += [(values[t - 1] - values[t : t + 3]) / scale for t in range(origin, end - 2)]
    expected = np.array(errors)
    assert found.origins == [159, 172, 185]
    assert found.rmse["model"] == pytest.approx(np.sqrt((expected**2).mean()), abs=1e-6)
    assert found.by_step["model"] == pytest.approx(np.sqrt((expected**2).mean(0)), abs=1e-6)
    assert found.rmse["naive_last"] == pytest.approx(found.rmse["model"], abs=1e-6)
    assert found.diebold_mariano["naive_last"] == (0.0, 1.0)
    assert {"naive_last", "naive_drift", "seasonal_naive", "linear"} == {*found.diebold_mariano}
    assert (tmp_path / "run" / "backtest.json").is_file()


def test_refitting_uses_what_has_come_since(tmp_path: Path):
    words = ["model=linear_forecaster", "trainer.max_epochs=1"]
    once = backtest(config(tmp_path, *words, "refit=false"), tmp_path / "a", model="linear_forecaster", data="series")
    again = backtest(config(tmp_path, *words), tmp_path / "b", model="linear_forecaster", data="series")
    assert once.by_fold["linear"][0] == again.by_fold["linear"][0]
    assert once.by_fold["linear"][2] != again.by_fold["linear"][2]
    assert once.by_fold["model"][0] == again.by_fold["model"][0]
    assert once.by_fold["model"][2] != again.by_fold["model"][2]


def test_measures_of_known_errors():
    ones = np.ones((6, 2, 1))
    found = compare({"model": [ones, 2 * ones], "last": [2 * ones, 2 * ones]}, times((0, 6), (7, 13)), [0, 7])
    assert found.rmse == {"model": pytest.approx(np.sqrt(2.5)), "last": 2.0}
    assert found.mae == {"model": 1.5, "last": 2.0}
    assert found.by_fold["model"] == [1.0, 2.0]
    assert found.diebold_mariano["last"].statistic < 0


@pytest.mark.parametrize(("horizon", "stride", "lags"), [(1, 1, 1), (5, 1, 5), (5, 2, 3), (6, 2, 3), (3, 7, 1)])
def test_one_series_is_tested_over_the_lags_that_its_windows_overlap(horizon: int, stride: int, lags: int):
    draw = np.random.default_rng(0)
    errors = {name: [draw.normal(size=(30, horizon, 2)) for _ in range(2)] for name in ("model", "last")}
    when = times((0, 30 * stride), (40 * stride, 70 * stride), horizon=horizon, stride=stride)
    losses = [(np.concatenate(folds) ** 2).mean((1, 2)) for folds in errors.values()]
    assert compare(errors, when, [0, 1]).diebold_mariano["last"] == diebold_mariano(*losses, lags)


def test_the_same_series_many_times_is_no_more_evidence():
    draw = np.random.default_rng(0)
    errors = {name: [draw.normal(size=(20, 3, 1)) for _ in range(2)] for name in ("model", "last")}
    when = times((0, 20), (22, 42), horizon=3)
    once = compare(errors, when, [0, 22])
    errors = {name: [np.concatenate([fold] * 5) for fold in folds] for name, folds in errors.items()}
    often = compare(errors, [WindowTimes(*(np.tile(t, 5) for t in fold)) for fold in when], [0, 22])
    assert often.diebold_mariano["last"] == pytest.approx(once.diebold_mariano["last"])
    assert often.rmse == pytest.approx(once.rmse)


def test_series_of_other_lengths_are_averaged_where_they_share_an_origin():
    draw = np.random.default_rng(0)
    days = np.datetime64("2026-01-01") + np.arange(40)
    series = {"a": days[:30], "b": days[10:25], "c": days[20:40]}
    known = np.concatenate(list(series.values()))
    errors = {name: [draw.normal(size=(len(known), 2, 1))] for name in ("model", "last")}
    losses = [pd.Series((folds[0] ** 2).mean((1, 2))).groupby(known).mean().to_numpy() for folds in errors.values()]
    found = compare(errors, [WindowTimes(known, known + np.timedelta64(2, "D"))], [days[0]])
    assert found.diebold_mariano["last"] == pytest.approx(diebold_mariano(*losses, 2))


def test_a_repeated_series_of_a_file_is_no_more_evidence(tmp_path: Path):
    values = np.random.default_rng(0).normal(size=200).cumsum()
    tests = []
    for names in ("a", "abc"):
        path = tmp_path / f"{names}.csv"
        rows = [(t, y, name) for name in names for t, y in enumerate(values)]
        pd.DataFrame(rows, columns=["t", "y", "s"]).to_csv(path)
        given = config(tmp_path, "model=naive_last", "refit=false", f"data.path={path}", "data.series=s")
        found = backtest(given, tmp_path / names, model="naive_last", data="series")
        tests.append([value for test in found.diebold_mariano.values() for value in test])
    assert tests[0] == pytest.approx(tests[1], rel=1e-4)


def test_too_few_origins_leave_the_rest_of_the_table():
    ones = np.ones((3, 2, 1))
    found = compare({"model": [ones], "last": [2 * ones]}, times((0, 3)), [0])
    assert found.rmse["last"] == 2.0
    assert table(found)[1:] == [
        ["model", "1.0000", "1.0000", "–", "–", "–"],
        ["last", "2.0000", "2.0000", "–", "–", "too few origins to tell"],
    ]


@pytest.mark.parametrize(
    ("words", "model", "data", "message"),
    [
        (["data=waves"], "gru", "waves", "data=waves has no order of time to test along: use series, sunspots"),
        (["model=lenet5"], "lenet5", "co2", "model=lenet5 does classification, and a backtest needs a forecaster"),
        (["folds=0"], "gru", "series", r"`folds` \(=0\) must be at least 1"),
        (["folds=20"], "gru", "series", r"has 200 points; .*last part cut into folds=20, need at least 300"),
    ],
)
def test_what_it_refuses(tmp_path: Path, words: list[str], model: str, data: str, message: str):
    given = config(tmp_path) if data == "series" else to_dict(compose(words, config_name="backtest"))
    given |= {"folds": int(words[0].partition("=")[2])} if words[0].startswith("folds") else {}
    with pytest.raises(ZooError, match=message):
        backtest(given, tmp_path / "run", model=model, data=data)
