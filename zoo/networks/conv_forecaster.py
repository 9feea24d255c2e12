"""A small convolutional forecaster."""

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.dense_forecasters import from_last
from zoo.networks.glorot import glorot_init


class ConvForecaster(nn.Module):
    """Convolutional forecaster: four 1-D convolutions, two max poolings, and an output convolution over all positions.

    It has 809 parameters for a context of 16 and one step. Of covariates, only the values of the context are inputs.

    Source: the convolutional model of "TensorFlow without a PhD" (2018).

    Raises:
        ZooError: a context of fewer than 4 steps.
    """

    def __init__(
        self,
        *,
        context: int = 32,
        in_channels: int = 1,
        out_channels: int = 1,
        horizon: int = 1,
        covariate_channels: int = 0,
        difference_input: bool = False,
        num_quantiles: int = 1,
    ) -> None:
        super().__init__()
        if context < 4:
            raise ZooError(f"`context` (={context}) must be at least 4: two poolings halve it twice")
        self.horizon = horizon
        self.difference_input = difference_input
        self.num_quantiles = num_quantiles
        self.shape = (horizon, out_channels, num_quantiles)
        self.wide = nn.Conv1d(in_channels + covariate_channels, 8, 4)
        self.middle = nn.Conv1d(8, 16, 3, padding=1)
        self.narrow = nn.Conv1d(16, 8, 1)
        self.last = nn.Conv1d(8, 8, 3, padding=1)
        self.output = nn.Conv1d(8, horizon * out_channels * num_quantiles, context // 4)
        glorot_init(self)

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d q"]:
        """Returns the forecast of each step, channel and output."""
        history, last = from_last(history, self.shape[1], self.difference_input)
        inputs = history if covariates is None else torch.cat([history, covariates[:, : history.shape[1]]], dim=2)
        x = F.pad(inputs.transpose(1, 2), (1, 2))  # "same" padding of an even kernel, as in Keras
        x = self.middle(self.wide(x).relu()).relu()
        x = F.max_pool1d(self.narrow(x).relu(), 2)
        x = F.max_pool1d(self.last(x).relu(), 2)
        return last + self.output(x).flatten(1).unflatten(1, self.shape)
