"""From Python: training by name, one's own Trainer and loaders, networks without a head."""

from pathlib import Path

import pytest
import torch
import yaml
from pytorch_lightning import Trainer
from torch.utils.data import DataLoader, TensorDataset

import zoo
from zoo.checkpoints.load import read
from zoo.config.keywords import compose_keywords

QUICK = ["+trainer.limit_train_batches=2", "+trainer.limit_val_batches=2", "+trainer.limit_test_batches=2"]
QUIET = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False, "accelerator": "cpu"}


def test_a_model_is_trained_by_name(tmp_path, capsys, caplog):
    found = zoo.train("lenet5", epochs=1, lr=0.01, seed=3, baselines=False, folder=tmp_path / "run", overrides=QUICK)
    assert found.folder == tmp_path / "run"
    assert found.metrics["test"]["accuracy"] >= 0
    assert found.metrics["monitored"] == {"name": "val/accuracy", "mode": "max", "value": found.value, "epoch": 1}
    assert "best epoch: 1 of 1, val/accuracy " in capsys.readouterr().out
    assert found.report.is_file()
    assert found.model.recipe == {}
    written = read(found.checkpoint)["zoo"]
    assert written["card"]["data_name"] == "digits"
    assert written["recipe"]["optimizer"]["lr"] == 0.01
    (prediction,) = zoo.predict(found.model, torch.zeros(1, 8, 8))
    assert prediction.label in {str(digit) for digit in range(10)}
    zoo.predict(found.model, torch.zeros(4, 8, 8))
    assert "the shape (4, 8, 8) is read as one image of 4 channels [C H W]" in caplog.text
    words = yaml.safe_load((found.folder / ".hydra" / "overrides.yaml").read_text())
    assert words == ["model=lenet5", *QUICK, "trainer.max_epochs=1", "optimizer.lr=0.01", "seed=3", "baselines=False"]


def test_keywords_are_groups_keys_data_and_usual_words():
    values, choices, *_ = compose_keywords(
        {"model": "vgg11", "optimizer": "sgd", "callbacks": ["ema"], "image_size": 32, "epochs": 3, "seed": None}
        | {"optimizer.lr": 0.5, "data": "image_folder", "root": "flowers"}
    )
    assert choices["data"] == "image_folder"
    assert values["data"]["image_size"] == 32
    assert values["data"]["root"] == "flowers"
    assert (values["trainer"]["max_epochs"], values["optimizer"]["lr"]) == (3, 0.5)
    assert list(values["callbacks"]) == ["ema"]


def test_words_of_other_tools_are_said():
    said = compose_keywords({"epoch": 3, "batch": 8, "lr": 0.1, "seed": 1, "optimizer.weight_decay": 0.0}).renamed
    assert said == ["`epoch` is trainer.max_epochs here", "`batch` is data.batch_size here"]


def test_photographs_start_from_weights_or_name_some(tmp_path, capsys):
    with pytest.raises(zoo.ZooError, match="the data folder `.*nowhere` does not exist"):
        zoo.train(data="image_folder", root=tmp_path / "nowhere", folder=tmp_path / "run")
    assert capsys.readouterr().out.startswith(("model: efficientnet_lite0 from its", "model: LeNet-5, which was"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epoch_count": 3}, "unknown argument `epoch_count`"),
        ({"seeds": 3}, "unknown argument `seeds`: did you mean `seed`"),
        ({"opt": "sgd"}, "`opt` is called `optimizer` here, which takes the name of an option"),
        ({"epochs": "three"}, r"`trainer.max_epochs` \(=three\) must be"),
        ({"model": "lenet"}, "unknown model `lenet`: did you mean `lenet5`"),
        ({"optimizer.speed": 1}, "unknown argument `optimizer.speed`"),
    ],
)
def test_wrong_keywords_are_explained(options, message):
    with pytest.raises(zoo.ZooError, match=message):
        compose_keywords({"model": "lenet5"} | options)


@pytest.mark.filterwarnings("ignore")  # Lightning's advice on workers
def test_own_trainer_and_loader_give_a_checkpoint_that_predicts(tmp_path: Path):
    shape = zoo.Preprocessing(size=32, channels=3, mean=(0.5,) * 3, std=(0.25,) * 3, resize="squash")
    model = zoo.create_model("lenet5", class_names=["cat", "dog", "eel"], preprocessing=shape)
    assert model.network.classifier[-1].out_features == 3
    assert model.network.features[0].in_channels == 3
    images = torch.rand(8, 3, 32, 32)
    trainer = Trainer(max_epochs=2, default_root_dir=tmp_path, enable_checkpointing=False, **QUIET)
    trainer.fit(model, DataLoader(TensorDataset(shape.normalize(images), torch.arange(8) % 3), 4))
    assert trainer.optimizers[0].__class__.__name__ == "AdamW", "that of the recipe"
    trainer.save_checkpoint(tmp_path / "own.ckpt")
    results = zoo.predict(tmp_path / "own.ckpt", images)
    assert {result.label for result in results} <= {"cat", "dog", "eel"}
    expected = model.eval()(shape.normalize((images * 255).round().to(torch.uint8))).softmax(1).max(1).values
    torch.testing.assert_close(torch.tensor([result.probability for result in results]), expected)


def test_data_of_the_catalog_describes_a_model():
    data = zoo.create_data("digits", batch_size=16)
    assert (data.option, data.batch_size) == ("digits", 16)
    model = zoo.create_model("lenet5", data=data)
    assert model.card["class_names"] == data.class_names
    assert model.card["data_name"] == "digits"
    assert model(data.normalize(data.dataset("test")[torch.arange(2)])[0]).shape == (2, 10)
    with pytest.raises(zoo.ZooError, match="unknown argument `batchsize`: did you mean `batch_size`"):
        zoo.create_data("digits", batchsize=16)
    with pytest.raises(zoo.ZooError, match=r"`data.batch_size` \(=many\) must be"):
        zoo.create_data("digits", batch_size="many")


def test_networks_without_a_head_give_features_or_maps():
    images = torch.zeros(1, 3, 64, 64)
    pooled = zoo.create_network("resnet18", num_classes=0).eval()
    assert pooled(images).shape == (1, 512)
    maps = zoo.create_network("resnet18", features=["layer2", "layer4"]).eval()(images)
    assert {name: tuple(each.shape[1:]) for name, each in maps.items()} == {
        "layer2": (128, 8, 8),
        "layer4": (512, 2, 2),
    }
    with pytest.raises(zoo.ZooError, match=r'`num_classes` \(=0\) leaves .*: zoo.create_network\("resnet18", num_cl'):
        zoo.create_model("resnet18", num_classes=0)


def test_a_name_is_no_checkpoint():
    with pytest.raises(zoo.ZooError, match=r'`resnet18` names a model of the catalog: zoo.create_model\("resnet18"'):
        zoo.load("resnet18")
