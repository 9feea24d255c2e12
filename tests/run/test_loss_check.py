"""A loss of another kind of task is refused before the training."""

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.losses.binary_cross_entropy import BinaryCrossEntropy
from zoo.losses.cross_entropy import CrossEntropy
from zoo.losses.focal import FocalCrossEntropy
from zoo.losses.forecasting import AbsoluteError, Huber, SquaredError
from zoo.losses.hinge import Hinge
from zoo.losses.quantile import Quantile
from zoo.run.loss_check import require_matching_loss
from zoo.tasks.classification import Classification
from zoo.tasks.regression.table import TableRegression

CLASSES = [CrossEntropy(), BinaryCrossEntropy(), FocalCrossEntropy(gamma=2.0), Hinge(), Hinge(squared=True)]
NUMBERS = [SquaredError(), AbsoluteError(), Huber(delta=1.0), Quantile(quantiles=[0.1, 0.5, 0.9])]


class NoScalar(nn.Module):
    def forward(self, outputs, targets):
        return (outputs[:, 0] - targets).abs()


@pytest.mark.parametrize("classes", [2, 3, 10])
def test_losses_of_classes_and_of_numbers(classes):
    for loss in CLASSES:
        require_matching_loss(Classification(network=nn.Identity(), loss=loss, num_classes=classes))
    for loss in [*NUMBERS[:3], NoScalar()]:
        task = Classification(network=nn.Identity(), loss=loss, num_classes=classes)
        with pytest.raises(ZooError, match=r"`model.loss` \(\w+\) is no loss of classification .*, cross_entropy"):
            require_matching_loss(task)


def test_losses_of_numbers():
    for loss in NUMBERS:
        require_matching_loss(TableRegression(network=nn.Identity(), loss=loss))
    for loss in [*CLASSES, NoScalar()]:
        task = TableRegression(network=nn.Identity(), loss=loss)
        with pytest.raises(ZooError, match=r"is no loss of table regression \(.*\): .*, forecasting.SquaredError"):
            require_matching_loss(task)
    assert torch.is_grad_enabled()
