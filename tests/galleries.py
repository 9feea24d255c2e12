"""A small embedding model and vectors to enroll."""

import torch
from torch import nn
from torch.nn import functional as F

from zoo.losses.triplet import TripletLoss
from zoo.networks.embedding import EmbeddingNetwork
from zoo.tasks.embedding import Embedding


def model(seed=0, loss=None):
    torch.manual_seed(seed)
    backbone = nn.Sequential(nn.Flatten(), nn.Linear(9, 4))
    task = Embedding(network=EmbeddingNetwork(backbone=backbone), loss=loss or TripletLoss(margin=0.2, miner=None))
    task.card = {"preprocessing": {"size": 3}}
    return task.eval()


def axis(number, tilt=0.0):
    """A unit vector along an axis, tilted towards the last one."""
    vector = torch.zeros(1, 4)
    vector[0, number] = 1
    vector[0, 3] += tilt
    return F.normalize(vector, dim=1)
