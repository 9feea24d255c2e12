"""Test metrics of a GRU trained on waves."""

import json

import pytest


@pytest.mark.slow
def test_gru_comes_near_the_best_possible_forecast(command):
    ended = command("train", "model=gru", "trainer=cpu")
    assert ended.code == 0, ended.err
    test = json.loads((ended.run / "metrics.json").read_text())["test"]
    assert 0.1155 < test["rmse"] < 0.122
    assert 0.88 < test["coverage"] < 0.92
