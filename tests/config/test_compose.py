import pytest
from hydra.core.hydra_config import HydraConfig
from omegaconf import OmegaConf

from zoo.config.compose import CONFIG_DIR, compose, list_models, list_options, to_dict, unknown
from zoo.errors import ZooError


def test_the_catalogue_is_the_listing_of_the_model_folder():
    assert list_models() == sorted(path.stem for path in (CONFIG_DIR / "model").glob("*.yaml"))
    assert "lenet5" in list_models()


def test_a_folder_of_ones_own_adds_options(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("x: 1\n")
    assert "mine" in list_options("model", tmp_path)
    assert compose(["model=mine"], config_dir=tmp_path).model == {"x": 1}


def test_the_command_line_wins_over_the_data_that_a_model_chooses():
    assert compose(["model=lenet5", "data=mnist"]).data._target_ != compose(["model=lenet5"]).data._target_


def test_composing_leaves_the_state_of_a_running_command_alone():
    HydraConfig.instance().cfg = OmegaConf.create({"hydra": {"job": {"name": "running"}}})
    try:
        compose()
        assert HydraConfig.instance().cfg.hydra.job.name == "running"
    finally:
        HydraConfig.instance().cfg = None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=lenet6"], "unknown model `lenet6`: did you mean `lenet5`? there are: "),
        (["modle=lenet5"], "unknown key `modle`: did you mean `model`? there are: "),
        (["trainer.max_epoch=3"], "unknown key `trainer.max_epoch`: did you mean `trainer.max_epochs`? there are: "),
        (["optimizer=sgd", "optimizer.nestrov=true"], "did you mean `optimizer.nesterov`?"),
        (["model.network.activation=relu"], "is not in the configuration yet: add it with a plus, +model.network."),
        (["model=gru", "model.network.num_layers=2"], "add it with a plus, +model.network.num_layers=2"),
        (["callbacks=[ema,early]"], "unknown callbacks `early`: "),
        (["seed"], "`seed` is not of the form KEY=VALUE"),
    ],
)
def test_a_wrong_word_is_named_with_what_there_is(words, message):
    with pytest.raises(ZooError) as error:
        compose(words)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_value_is_named():
    with pytest.raises(ZooError, match="`checkpoint` is not given: add checkpoint=… to the command"):
        to_dict(compose(config_name="evaluate"))


def test_unknown_lists_what_there_is():
    assert unknown("fruit", "aple", ["pear", "apple"]) == (
        "unknown fruit `aple`: did you mean `apple`? there are: apple, pear"
    )
    assert unknown("fruit", "x", []) == "unknown fruit `x`: there are: none"


@pytest.mark.parametrize("group", ["optimizer", "scheduler", "trainer", "callbacks", "logger", "data", "experiment"])
def test_every_option_composes(group):
    for option in list_options(group):
        compose([f"{group}=[{option}]" if group in ("callbacks", "logger") else f"{group}={option}"])
