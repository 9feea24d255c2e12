import logging

import pytest
import torch
from embedding_runs import data, task, trainer
from torch import nn

from zoo.config.compose import compose, to_dict
from zoo.losses.miners import BatchHard, SemiHard
from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import ConvTrunk
from zoo.run.build import build_callbacks, build_task
from zoo.tasks.embedding.collapse_watch import CollapseWatch

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval"
)


class Constant(nn.Module):
    """A collapsed network that learns nothing."""

    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, 4))

    def forward(self, images):
        return self.weight.expand(len(images), -1) / 2


class Switched(nn.Module):
    """An embedding that a switch in its weights sends to one point."""

    def __init__(self):
        super().__init__()
        self.trunk = ConvTrunk(num_classes=8, widths=[4], grid=1)
        self.register_buffer("open", torch.ones(()))

    def forward(self, images):
        away = torch.zeros(8)
        away[0] = 1
        return nn.functional.normalize(self.open * self.trunk(images) + (1 - self.open) * away, dim=1)


class CollapsesInEpoch1(CollapseWatch):
    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == 1:
            pl_module.network.open.zero_()


def collapsing():
    return task(network=Switched(), loss=TripletLoss(margin=0.2, miner=BatchHard()))


def test_a_collapse_is_named_with_advice(tmp_path, caplog):
    model = task(network=Constant(), loss=TripletLoss(margin=0.2, miner=BatchHard()))
    with caplog.at_level(logging.WARNING):
        trainer(tmp_path, callbacks=[CollapseWatch(recover=False)]).fit(model, datamodule=data())
    assert "the embedding has collapsed in epoch 0: embedding spread 0.0000" in caplog.text
    assert "loss 0.2000 at the margin 0.2" in caplog.text
    assert "mine SemiHard or Curriculum instead of BatchHard" in caplog.text
    assert isinstance(model.loss.miner, BatchHard)


def test_a_healthy_run_gives_no_alarm(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        trainer(tmp_path, callbacks=[CollapseWatch(recover=True)]).fit(task(), datamodule=data())
    assert "collapsed" not in caplog.text


def test_recovery_brings_the_healthy_weights_back(tmp_path, caplog):
    model = collapsing()
    runner = trainer(tmp_path, max_epochs=3, callbacks=[CollapsesInEpoch1(recover=True)])
    with caplog.at_level(logging.WARNING):
        runner.fit(model, datamodule=data())
    assert caplog.text.count("has collapsed") == 1
    assert "The last healthy weights are back" in caplog.text
    assert model.network.open == 1
    assert isinstance(model.loss.miner, SemiHard)
    runner.save_checkpoint(tmp_path / "last.ckpt")
    resumed, runner = collapsing(), trainer(tmp_path, max_epochs=4, callbacks=[CollapsesInEpoch1(recover=True)])
    runner.fit(resumed, datamodule=data(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert isinstance(resumed.loss.miner, SemiHard)


def test_the_siamese_models_are_watched(tmp_path):
    config = to_dict(compose(["model=siamese"]))
    model = build_task(config["model"], {"in_channels": 1}, {})
    assert any(isinstance(callback, CollapseWatch) for callback in build_callbacks(config, model, tmp_path))


def test_another_kind_of_model_is_refused(command):
    ended = command("train", "callbacks=collapse_watch", "trainer.max_epochs=1", "baselines=false")
    assert ended.code == 2
    assert "callbacks=collapse_watch goes with embedding models, such as model=siamese: leave it out" in ended.err
