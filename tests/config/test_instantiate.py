import pytest
import torch

from zoo.config.instantiate import complete, instantiate, locate
from zoo.errors import ZooError

LENET = {"_target_": "zoo.networks.lenet.LeNet5"}


def test_metadata_fills_what_the_configuration_leaves_open():
    completed = complete({"network": LENET, "rate": 0.1}, {"num_classes": 7, "horizon": 3})
    assert completed == {"network": LENET | {"num_classes": 7}, "rate": 0.1}
    assert instantiate(completed)["network"].classifier[-1].out_features == 7


def test_completing_leaves_the_configuration_alone():
    config = {"network": dict(LENET)}
    complete(config, {"num_classes": 7})
    assert config == {"network": LENET}


def test_a_value_that_contradicts_the_data_is_rejected():
    with pytest.raises(ZooError, match=r"`model.num_classes` \(=5\) contradicts the data, which says 10"):
        complete(LENET | {"num_classes": 5}, {"num_classes": 10}, "model")


def test_an_unknown_argument_is_rejected():
    with pytest.raises(ZooError, match="^unknown key `model.widht`: there are: model.activation, model.image_size, "):
        complete(LENET | {"widht": 5}, {}, "model")


def test_a_missing_argument_is_reported():
    with pytest.raises(ZooError, match=r"^`model.network` is not given: add \+model.network=… to the command$"):
        complete({"_target_": "zoo.tasks.classification.Classification"}, {}, "model")


def test_lists_and_partials():
    config = [{"_target_": "torch.optim.sgd.SGD", "_partial_": True, "lr": 0.5}]
    (factory,) = instantiate(complete(config, {}))
    assert factory([torch.nn.Parameter(torch.zeros(1))]).param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("zoo.nothing.Here", r"`model._target_` \(=zoo.nothing.Here\) names no module"),
        ("zoo.errors.Nothing", r"names nothing in `zoo.errors`"),
        ("zoo.tasks.stages.FINITE_CHECK_EVERY", "is no class or function"),
        ("not_installed_anywhere.Thing", "needs the package|names no module"),
    ],
)
def test_an_unknown_target_is_reported(target, message):
    with pytest.raises(ZooError, match=message):
        locate(target, "model")


def test_a_logger_with_a_missing_package_reports_what_to_install():
    config = {"_target_": "pytorch_lightning.loggers.wandb.WandbLogger"}
    pytest.importorskip("pytorch_lightning")
    try:
        import wandb  # noqa: F401
    except ModuleNotFoundError:
        with pytest.raises(ZooError, match="needs the package `wandb`, which is not installed: pip install wandb"):
            instantiate(config, "logger.wandb")
    else:
        pytest.skip("wandb is installed")


def test_a_target_in_an_absent_package_of_an_extra_names_the_command(monkeypatch):
    def absent(module):
        raise ModuleNotFoundError("No module named 'timm'", name="timm")

    monkeypatch.setattr("zoo.config.instantiate.import_module", absent)
    with pytest.raises(ZooError, match=r"`optimizer` \(timm.optim.lamb.Lamb\) needs the package `timm`, .*\[timm\]"):
        locate("timm.optim.lamb.Lamb", "optimizer")
