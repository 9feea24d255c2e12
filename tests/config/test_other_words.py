import pytest

from zoo.config.other_words import dashed, key_here

TRAIN = {
    "trainer": {"max_epochs": 3},
    "optimizer": {"lr": 0.1},
    "data": {"batch_size": 4},
    "pretrained": None,
    "seed": 0,
}
PREDICT = {"checkpoint": "???", "source": "???", "runs": "runs"}


@pytest.mark.parametrize(
    ("words", "here"),
    [
        (["--epochs", "3"], "`--epochs`: a value is given as KEY=VALUE without dashes, here trainer.max_epochs=3"),
        (["--lr=0.1"], "here optimizer.lr=0.1"),
        (["-b", "8"], "here data.batch_size=8"),
        (["--batch-size", "8"], "here data.batch_size=8"),
        (["--trainer.max_epochs", "3"], "here trainer.max_epochs=3"),
        (["--seed=1"], "here seed=1"),
        (["--banana"], "here banana=…"),
    ],
)
def test_options_with_dashes(words, here):
    assert dashed(words, lambda: TRAIN).endswith(here)


def test_flags_of_hydra_pass():
    words = ["-m", "--config-dir", "a", "--config-dir=a", "--cfg", "job", "seed=0,1", "x=-1", "-"]
    assert dashed(words, lambda: TRAIN) is None


def test_a_word_stands_for_a_key_that_the_command_has():
    assert key_here("weights", TRAIN) == "pretrained"
    assert key_here("weights", PREDICT) == "checkpoint"
    assert key_here("input", PREDICT) == "source"
    assert key_here("epochs", PREDICT) is None
