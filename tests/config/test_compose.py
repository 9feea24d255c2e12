import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from zoo.config.compose import compose, to_dict
from zoo.config.listing import list_options
from zoo.errors import ZooError


def test_the_command_line_wins_over_the_data_that_a_model_chooses():
    assert compose(["model=lenet5", "data=mnist"]).data._target_ != compose(["model=lenet5"]).data._target_


def test_composing_keeps_the_state_of_a_running_command():
    HydraConfig.instance().cfg = OmegaConf.create({"hydra": {"job": {"name": "running"}}})
    try:
        compose()
        assert HydraConfig.instance().cfg.hydra.job.name == "running"
    finally:
        HydraConfig.instance().cfg = None


def test_a_missing_value_is_reported():
    with pytest.raises(ZooError, match="`checkpoint` is not given: add checkpoint=… to the command"):
        to_dict(compose(config_name="export"))


@pytest.mark.parametrize("group", ["optimizer", "scheduler", "trainer", "callbacks", "logger", "data", "experiment"])
def test_every_option_composes(group):
    for option in list_options(group):
        compose([f"{group}=[{option}]" if group in ("callbacks", "logger") else f"{group}={option}"])


@pytest.mark.parametrize(
    "words",
    [
        ["model=gru", "data=series", "data.difference_input=true"],
        ["model=matrix_factorization", "+model.network.nonnegative=true"],
        ["model=matrix_factorization", "+model.network.biases=false", "+model.network.centered=false"],
        ["model=siamese", "+model.threshold_folds=5"],
        ["model=gru", "model.train_on=last"],
        ["trainer=ddp", "trainer.sync_batchnorm=false"],
    ],
)
def test_words_that_messages_advise_are_taken(words):
    compose(words)
