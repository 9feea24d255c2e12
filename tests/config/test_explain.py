import pytest

from zoo.config.compose import compose
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
        (["model=gru", "model.network.num_layers=2"], "add it with a plus, +model.network.num_layers=2"),
        (["callbacks=[ema,early]"], "unknown callbacks `early`: "),
        (["seed"], "`seed` is not of the form KEY=VALUE"),
        (
            ["resume=a=b.ckpt"],
            "`resume=a=b.ckpt` has characters with a meaning on this command line: quote a text twice, \"resume='a=b.ckpt'\"",
        ),
        (["resume=my runs (1)/b.ckpt"], "quote a text twice, \"resume='my runs (1)/b.ckpt'\""),
    ],
)
def test_a_wrong_override_is_reported_with_the_known_names(words, message):
    with pytest.raises(ZooError) as error:
        compose(words)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
