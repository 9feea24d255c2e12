import os
import socket
import subprocess
import sys

import pytest
import torch
from embedding_runs import data, task, trainer
from torch.optim.sgd import SGD

from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.losses.miners import BatchHard, Curriculum, SemiHard
from zoo.losses.triplet import TripletLoss
from zoo.ops.distances import pairwise_squared_distances
from zoo.tasks.embedding.metrics import compared_pairs
from zoo.tasks.embedding.verification import errors_at

pytestmark = pytest.mark.filterwarnings(
    "ignore:.*does not have many workers", "ignore:.*LeafSpec", "ignore:.*logging interval"
)


def test_threshold_comes_from_validation_and_is_used_in_the_test(tmp_path):
    model, module = task(target_far=0.05), data()
    runner = trainer(tmp_path)
    runner.fit(model, datamodule=module)
    outputs = model.test_outputs()
    pairs = compared_pairs(outputs.identities)
    values = pairwise_squared_distances(outputs.vectors, outputs.vectors)[pairs.first, pairs.second]
    assert 0 < errors_at(values, pairs.same, model.threshold.item()).far <= 0.05
    threshold = model.threshold.clone()
    (figures,) = runner.test(model, datamodule=module, verbose=False)
    assert figures["test/threshold"] == pytest.approx(threshold.item())
    assert {"test/auc", "test/eer", "test/rank1", "test/loss", "test/accuracy"} <= figures.keys()
    assert len(model.test_outputs().vectors) == len(module.dataset("test"))
    assert model.state_dict()["threshold"] == threshold


def test_the_verification_head_measures_in_logits(tmp_path):
    model = task(loss=VerificationLoss(size=8))
    before = model.loss.weight.detach().clone()
    trainer(tmp_path).fit(model, datamodule=data())
    assert not torch.equal(before, model.loss.weight.detach())
    outputs = model.test_outputs()
    found = model.distances(outputs.vectors[:3], outputs.vectors[:4])
    torch.testing.assert_close(found, model.loss.distances(outputs.vectors[:3], outputs.vectors[:4]).detach())


@pytest.mark.parametrize("miner", [None, SemiHard(), BatchHard(), Curriculum()])
def test_a_diverged_network_ends_the_training_before_it_is_chosen(tmp_path, miner):
    model = task(loss=TripletLoss(margin=0.2, miner=miner))
    model.optimizer_factory = lambda groups: SGD(groups, lr=float("inf"))
    with pytest.raises(ZooError, match=r"the training loss became nan in epoch 1"):
        trainer(tmp_path).fit(model, datamodule=data())
    assert model.threshold == -torch.inf


@pytest.mark.parametrize(("stage", "split"), [("validate", "validation"), ("test", "test")])
def test_embeddings_that_are_not_finite_are_not_measured(tmp_path, stage, split):
    model = task()
    next(model.network.parameters()).data.fill_(torch.nan)
    with pytest.raises(ZooError, match=f"the embeddings of the {split} images are no longer finite"):
        getattr(trainer(tmp_path), stage)(model, datamodule=data())
    assert model.threshold == -torch.inf


def test_target_far_must_be_a_rate():
    with pytest.raises(ZooError, match=r"`target_far` \(=1\) must be a rate between 0 and 1"):
        task(target_far=1)


ONE_STEP = """
import os, sys
import torch
from pytorch_lightning import Trainer
from torch import nn
from torch.optim.sgd import SGD
from torch.utils.data import DataLoader
from zoo.losses.miners import BatchHard
from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import EmbeddingNetwork
from zoo.tasks.embedding import Embedding

world, rank = int(sys.argv[1]), int(os.environ.get("LOCAL_RANK", 0))
torch.manual_seed(0)
images, identities = torch.rand(16, 1, 3, 3), torch.arange(16) // 2 % 4
backbone = nn.Sequential(nn.Flatten(), nn.Linear(9, 5))
task = Embedding(network=EmbeddingNetwork(backbone=backbone), loss=TripletLoss(margin=0.5, miner=BatchHard()))
task.optimizer_factory = lambda groups: SGD(groups, lr=1.0)
rows = torch.arange(16).chunk(world)[rank]
loader = DataLoader([(images[rows], identities[rows])], batch_size=None)
Trainer(
    accelerator="cpu", devices=world, strategy="ddp" if world > 1 else "auto", max_epochs=1, logger=False,
    enable_progress_bar=False, enable_model_summary=False, enable_checkpointing=False, use_distributed_sampler=False,
    default_root_dir=os.path.dirname(sys.argv[2]),
).fit(task, loader)
torch.save(backbone[1].weight, sys.argv[2] + str(rank))
"""


def one_step(folder, world):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    ranks = []
    for rank in range(world):
        places = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "NODE_RANK": "0", "LOCAL_RANK": str(rank)}
        environment = os.environ | (places if world > 1 else {}) | {"OMP_NUM_THREADS": "1"}
        words = [sys.executable, "-W", "ignore", "-c", ONE_STEP, str(world), str(folder / f"of{world}_")]
        ranks.append(subprocess.Popen(words, env=environment))
    assert [process.wait(timeout=120) for process in ranks] == [0] * world
    return [torch.load(folder / f"of{world}_{rank}", weights_only=True) for rank in range(world)]


@pytest.mark.slow
def test_two_processes_take_the_step_of_one_with_both_batches(tmp_path):
    (alone,) = one_step(tmp_path, 1)
    first, second = one_step(tmp_path, 2)
    torch.testing.assert_close(first, alone)
    torch.testing.assert_close(second, alone)
