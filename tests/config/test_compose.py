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
