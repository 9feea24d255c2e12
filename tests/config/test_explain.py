import pytest

from zoo.config.compose import compose
from zoo.config.explain import explained_data_task
from zoo.errors import ZooError


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=lenet6"], "unknown model `lenet6`: did you mean `lenet5`? there are: "),
        (["modle=lenet5"], "unknown key `modle`: did you mean `model`? there are: "),
        (["trainer.max_epoch=3"], "unknown key `trainer.max_epoch`: did you mean `trainer.max_epochs`? there are: "),
        (["optimizer=sgd", "optimizer.nestrov=true"], "did you mean `optimizer.nesterov`?"),
        (["model.network.activation=relu"], "is not in the configuration yet: add it with a plus, +model.network."),
        (["model.network.widht=3"], "unknown key `model.network.widht`: there are: model.network.activation, "),
        (["model.network.num_classes=3"], "`model.network.num_classes` comes from the data, "),
        (["model=gru", "model.network.num_layers=2"], "add it with a plus, +model.network.num_layers=2"),
        (["callbacks=[ema,early]"], "unknown callbacks `early`: "),
        (
            ["trainer.max_epochs.x=1"],
            "`trainer.max_epochs` (=30) is one value, without keys: write trainer.max_epochs=…",
        ),
        (
            ["data=./flowers"],
            "`data` (=./flowers) is a path, and the name of an option is expected: data=image_folder ",
        ),
        (["model="], "`model=` names no option; there are: "),
        (["optimizer=AdamW"], "unknown optimizer `AdamW`: did you mean `adamw`? "),
        (["optimizer=adamw,sgd"], "-m optimizer=adamw,sgd runs once for each"),
        (["callbacks=ema,early_stopping"], "write several options as callbacks=[ema,early_stopping]"),
        (["optimizer.lr=1,000"], "write a number without one, such as 1000 or 0.5"),
        (["optimizer.momentum=0.9"], "unknown key `optimizer.momentum`: optimizer=sgd has it; here there are: "),
        (["epochs=3"], "unknown key `epochs`: here it is trainer.max_epochs=3"),
        (["lr=0.1"], "unknown key `lr`: here it is optimizer.lr=0.1"),
        (["batch=8"], "unknown key `batch`: here it is data.batch_size=8"),
        (["imgsz=64"], "unknown key `imgsz`: here it is data.image_size=64"),
        (["weights=a.pt"], "unknown key `weights`: here it is pretrained=a.pt"),
        (["device=0"], "unknown key `device`: here it is trainer.accelerator=cpu, gpu or mps"),
        (["seed"], "`seed` is not of the form KEY=VALUE"),
        (
            ["resume=a=b.ckpt"],
            "`resume=a=b.ckpt` has characters with a meaning on this command line: "
            "quote a text twice, \"resume='a=b.ckpt'\"",
        ),
        (["resume=my runs (1)/b.ckpt"], "quote a text twice, \"resume='my runs (1)/b.ckpt'\""),
    ],
)
def test_a_wrong_override_is_reported_with_the_known_names(words, message):
    with pytest.raises(ZooError) as error:
        compose(words)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_a_model_that_the_data_does_not_suit():
    hint = "data=image_table trains the networks of image classifiers"
    with pytest.raises(ZooError, match=hint), explained_data_task("image_table"):
        raise ZooError("unknown key `model.min_score`")
    for option, message in (("image_table", "unknown key `data.x`"), ("digits", "unknown key `model.x`")):
        with pytest.raises(ZooError, match=message + "$"), explained_data_task(option):
            raise ZooError(message)


def test_keys_of_a_checkpoints_data_need_a_plus():
    with pytest.raises(ZooError, match=r"add it with a plus, \+data.turn_test=depth"):
        compose(["checkpoint=x", "+data.root=y", "data.turn_test=depth"], config_name="evaluate")


def test_a_command_without_training_lists_its_own_keys_alone():
    with pytest.raises(ZooError, match="unknown key `optimizer`: there are: data, runs, seed$"):
        compose(["optimizer=sgd"], config_name="check_data")
