import logging

import pytest
import torch
from embedding_runs import data, task, trainer
from torch import nn

from zoo.losses.miners import BatchHard, SemiHard
from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import ConvTrunk
from zoo.tasks.embedding.collapse_recovery import CollapseRecovery

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval"
)


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


class CollapsesInEpoch1(CollapseRecovery):
    def on_train_epoch_start(self, trainer, pl_module):
        if trainer.current_epoch == 1:
            pl_module.network.open.zero_()


def collapsing():
    return task(network=Switched(), loss=TripletLoss(margin=0.2, miner=BatchHard()))


def test_a_healthy_run_gives_no_alarm(tmp_path, caplog):
    with caplog.at_level(logging.WARNING):
        trainer(tmp_path, callbacks=[CollapseRecovery()]).fit(task(), datamodule=data())
    assert "collapsed" not in caplog.text


def test_recovery_brings_the_healthy_weights_back(tmp_path, caplog):
    model = collapsing()
    runner = trainer(tmp_path, max_epochs=3, callbacks=[CollapsesInEpoch1()])
    with caplog.at_level(logging.WARNING):
        runner.fit(model, datamodule=data())
    assert caplog.text.count("has collapsed") == 1
    assert "The last healthy weights are back" in caplog.text
    assert model.network.open == 1
    assert isinstance(model.loss.miner, SemiHard)
    runner.save_checkpoint(tmp_path / "last.ckpt")
    resumed, runner = collapsing(), trainer(tmp_path, max_epochs=4, callbacks=[CollapsesInEpoch1()])
    runner.fit(resumed, datamodule=data(), ckpt_path=tmp_path / "last.ckpt", weights_only=True)
    assert isinstance(resumed.loss.miner, SemiHard)


def test_another_kind_of_model_is_refused(command):
    ended = command("train", "callbacks=collapse_recovery", "trainer.max_epochs=1", "baselines=false")
    assert ended.code == 2
    assert "callbacks=collapse_recovery goes with embedding models, such as model=siamese: leave it out" in ended.err
