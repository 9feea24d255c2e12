"""Weights in half or double precision: pictures come in single precision, and targets stay as they are."""

import pytest

from zoo.config import compose, plain
from zoo.training import train


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
@pytest.mark.parametrize("model", ["lenet5", "landmarks", "siamese", "gru"])
def test_every_task_trains_and_tests(model, precision, tmp_path, capsys):
    words = [f"model={model}", f"trainer.precision={precision}", "+trainer.fast_dev_run=true", "trainer=cpu"]
    config = plain(compose([*words, f"runs={tmp_path}"]))
    train(config, tmp_path / "run", model=model, data="its own")
    assert "one batch of each stage ran through" in capsys.readouterr().out
