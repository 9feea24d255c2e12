"""Small trainings of an embedding on digits."""

import torch
from pytorch_lightning import Trainer
from torch.optim.sgd import SGD

from zoo.data.identities.digits import DigitsIdentities
from zoo.losses.miners import SemiHard
from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import ConvTrunk, EmbeddingNetwork
from zoo.tasks.embedding import Embedding


def data(**changes):
    arguments = {
        "image_size": 16,
        "val": [5, 6],
        "test": [7, 8, 9],
        "batch_size": 16,
        "images_per_identity": 4,
        "steps_per_epoch": 3,
        "num_workers": 0,
        "seed": 0,
        "rotations_as_classes": 1,
        "augmentation": None,
    }
    return DigitsIdentities(**(arguments | changes))


def task(loss=None, network=None, **changes):
    torch.manual_seed(0)
    network = network or EmbeddingNetwork(backbone=ConvTrunk(num_classes=8, widths=[4, 8], grid=1))
    embedding = Embedding(network=network, loss=loss or TripletLoss(margin=0.2, miner=SemiHard()), **changes)
    embedding.optimizer_factory = lambda groups: SGD(groups, lr=0.1)
    return embedding


def trainer(folder, **changes):
    arguments = {
        "max_epochs": 2,
        "accelerator": "cpu",
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "enable_checkpointing": False,
        "num_sanity_val_steps": 0,
        "use_distributed_sampler": False,
        "default_root_dir": folder,
    }
    return Trainer(**(arguments | changes))
