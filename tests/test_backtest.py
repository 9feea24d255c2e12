from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from zoo.backtest import backtest
from zoo.config import compose, plain
from zoo.data.series import cut
from zoo.errors import ZooError
from zoo.metrics.backtest import compare

SHAPE = ["data.time=t", "data.targets=[y]", "data.context=10", "data.horizon=3", "data.season=5"]


def config(tmp_path: Path, *words: str) -> dict:
    values = np.random.default_rng(0).normal(size=200).cumsum()
    path = tmp_path / "some.csv"
    pd.DataFrame({"t": range(200), "y": values}).to_csv(path, index=False)
    chosen = ["data=series", f"data.path={path}", *SHAPE, "folds=3", *words]
    return plain(compose(chosen, config_name="backtest"))


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
    found = backtest(config(tmp_path, "model=last", f"refit={refit}"), tmp_path / "run", model="last", data="series")
    values = pd.read_csv(tmp_path / "some.csv")["y"].to_numpy()
    scale = values[:140].std()
    errors = []
    for origin, end in ((160, 173), (173, 186), (186, 200)):
        errors += [(values[t - 1] - values[t : t + 3]) / scale for t in range(origin, end - 2)]
    expected = np.array(errors)
    assert found.origins == [159, 172, 185]
    assert found.rmse["model"] == pytest.approx(np.sqrt((expected**2).mean()), abs=1e-6)
    assert found.by_step["model"] == pytest.approx(np.sqrt((expected**2).mean(0)), abs=1e-6)
    assert found.rmse["last"] == pytest.approx(found.rmse["model"], abs=1e-6)
    assert found.diebold_mariano["last"] == (0.0, 1.0)
    assert {"last", "last2", "seasonal_naive", "linear"} == {*found.diebold_mariano}
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
    found = compare({"model": [ones, 2 * ones], "last": [2 * ones, 2 * ones]}, [0, 1], stride=1)
    assert found.rmse == {"model": pytest.approx(np.sqrt(2.5)), "last": 2.0}
    assert found.mae == {"model": 1.5, "last": 2.0}
    assert found.by_fold["model"] == [1.0, 2.0]
    assert found.diebold_mariano["last"].statistic < 0


@pytest.mark.parametrize(
    ("words", "model", "data", "message"),
    [
        (["data=waves"], "gru", "waves", "data=waves has no order of time to test along: use series, sunspots"),
        (["folds=0"], "gru", "series", r"`folds` \(=0\) must be at least 1"),
        (["folds=20"], "gru", "series", r"has 200 points; .*last part cut into folds=20, need at least 300"),
    ],
)
def test_what_it_refuses(tmp_path: Path, words: list[str], model: str, data: str, message: str):
    given = config(tmp_path) if data == "series" else plain(compose(["data=waves"], config_name="backtest"))
    given |= {"folds": int(words[0].partition("=")[2])} if words[0].startswith("folds") else {}
    with pytest.raises(ZooError, match=message):
        backtest(given, tmp_path / "run", model=model, data=data)
