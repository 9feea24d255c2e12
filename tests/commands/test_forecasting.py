"""The forecasters from the command line: train, evaluate, predict, ladder, backtest."""

import json
from pathlib import Path

import pandas as pd
import pytest

SMALL = ["data.samples=640", "data.val_samples=320", "trainer=cpu", "trainer.max_epochs=1"]
TINY = [*SMALL, "data.windows_per_epoch=256"]


def test_training_beats_nothing_yet_but_leaves_all_behind(command, tmp_path: Path):
    ended = command("train", "model=gru", *TINY, rendered=True)
    assert ended.code == 0, ended.err
    results = json.loads((ended.run / "metrics.json").read_text())
    assert {"rmse", "mae", "smape", "mase", "wape", "skill", "coverage", "width", "crps"} <= results["test"].keys()
    assert {"naive_last", "naive_drift", "linear"} == results["baselines"].keys()
    assert results["test"]["rmse"] > 0.1160  # below is a leak
    assert (ended.run / "report" / "index.html").stat().st_size > 10_000
    again = command("evaluate", f"checkpoint={ended.run}/checkpoints/best.ckpt", "runs=again", "trainer=cpu")
    assert again.code == 0, again.err
    (measured,) = (tmp_path / "again").rglob("metrics.json")
    assert json.loads(measured.read_text())["test"] == pytest.approx(results["test"])


@pytest.mark.parametrize("model", ["naive_drift", "naive_random"])
def test_a_rule_is_not_trained_yet_tested_saved_and_predicted_with(command, tmp_path: Path, model: str):
    ended = command("train", f"model={model}", *SMALL)
    assert ended.code == 0, ended.err
    assert json.loads((ended.run / "metrics.json").read_text())["epochs"] == 0
    pd.DataFrame({"x": [0.5] * 31 + [1.0]}).to_csv(tmp_path / "history.csv", index=False)
    words = [f"checkpoint={ended.run}/checkpoints/best.ckpt", "source=history.csv", "hydra.run.dir=out"]
    predicted = command("predict", *words)
    assert predicted.code == 0, predicted.err
    table = pd.read_csv(tmp_path / "out" / "predictions.csv")
    assert list(table.columns) == ["step", "x", "x_lower", "x_upper"]
    assert table["step"].tolist() == [32]
    assert table["x"].item() == {"naive_drift": 1.5}.get(model, table["x"].item())
    assert table["x_lower"].item() < table["x"].item() < table["x_upper"].item()
    refused = command("predict", *words, "horizon=2")
    assert refused.code == 2
    assert "is beyond the 1 steps that this network was trained to forecast" in refused.err
    assert command("predict", *words, "horizon=2e0", "recursive=true").code == 0


def test_averaged_weights_have_intervals(command):
    ended = command("train", "model=gru", "callbacks=ema", *TINY)
    assert ended.code == 0, ended.err
    test = json.loads((ended.run / "metrics.json").read_text())["test"]
    assert 0.7 < test["coverage"] <= 1.0
    assert 0.0 < test["width"] < 10.0


@pytest.mark.slow
@pytest.mark.parametrize("experiment", ["waves_ladder", "waves_original"])
def test_the_ladder_runs_and_is_printed_by_one_command(command, tmp_path: Path, experiment: str):
    words = ["model=naive_last,linear_forecaster", "seed=0,1", "data.windows_per_epoch=256"]
    ended = command("train", f"experiment={experiment}", *words, *SMALL)
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    heading = next(i for i, line in enumerate(lines) if line.startswith("model  "))
    table = [line.split() for line in lines[heading : heading + 3]]
    assert table[0] == ["model", "parameters", "rmse", "spread", "seeds", "seconds", "published"]
    assert [row[0] for row in table[1:]] == ["naive_last", "linear_forecaster"]
    assert [row[-1] for row in table[1:]] == ["0.411", "0.215"]
    assert {row[4] for row in table[1:]} == {"2"}
    (page,) = (tmp_path / "runs").rglob("ladder.json")
    assert {len(seeds) for seeds in json.loads(page.read_text()).values()} == {2}
    assert (page.parent / "index.html").is_file()


def test_backtest_prints_who_is_better(command, tmp_path: Path):
    pytest.importorskip("statsmodels")
    ended = command("backtest", "model=naive_last", "data=nile", "folds=2", "refit=false", "trainer=cpu")
    assert ended.code == 0, ended.err
    assert "fold 2/2, from 1960" in ended.out
    assert "no significant difference" in ended.out
    (page,) = (tmp_path / "runs").rglob("index.html")
    assert "Diebold-Mariano" in page.read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=gru", "data=series"], "`data.path` is not given"),
        (["model=gru_bidirectional", "model.train_on=last_half"], "goes with bidirectional=false"),
        (["model=linear_forecaster", "+model.train_on=last_half"], "needs a recurrent network"),
        (["model=gru", "data.split=random"], "must be one of: fresh, original"),
        (["model=lenet5", "data=waves"], "model=lenet5 does classification, and data=waves is for forecasting"),
    ],
)
def test_mistakes_are_told_in_one_line(command, words: list[str], message: str):
    ended = command("train", *words, *(SMALL if "data=series" not in words else ["trainer=cpu"]))
    assert ended.code == 2
    assert message in ended.err
    assert len(ended.err.splitlines()) == 1
