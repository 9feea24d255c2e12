"""Forecasters with a context of fixed length: linear, and with one hidden layer."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.networks.glorot import glorot_init


class LinearForecaster(nn.Module):
    """Linear forecaster: each step is a weighted sum of all past values and covariates.

    It has 17 parameters for a context of 16 and one step.

    Source: the linear model of "TensorFlow without a PhD" (2018). A strong baseline: Zeng et al., "Are Transformers
    Effective for Time Series Forecasting?", 2022, arXiv:2205.13504.
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
        self.horizon = horizon
        self.difference_input = difference_input
        self.num_quantiles = num_quantiles
        self.shape = (horizon, out_channels, num_quantiles)
        inputs = context * in_channels + (context + horizon) * covariate_channels
        self.output = nn.Linear(inputs, horizon * out_channels * num_quantiles)
        glorot_init(self)

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d q"]:
        """Returns the forecast of each step, channel and output (one value, or one per quantile)."""
        history, last = from_last(history, self.shape[1], self.difference_input)
        return last + self.output(_flat(history, covariates)).unflatten(1, self.shape)


class DenseForecaster(nn.Module):
    """Dense forecaster: one hidden layer, by default half as wide as the context.

    It has 145 parameters for a context of 16 and one step.

    Source: the dense model of "TensorFlow without a PhD" (2018).
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
        hidden_size: int | None = None,
        num_quantiles: int = 1,
    ) -> None:
        super().__init__()
        self.horizon = horizon
        self.difference_input = difference_input
        self.num_quantiles = num_quantiles
        self.shape = (horizon, out_channels, num_quantiles)
        inputs = context * in_channels + (context + horizon) * covariate_channels
        width = max(context // 2, 1) if hidden_size is None else hidden_size
        self.hidden = nn.Linear(inputs, width)
        self.output = nn.Linear(width, horizon * out_channels * num_quantiles)
        glorot_init(self)

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d q"]:
        """Returns the forecast of each step, channel and output."""
        history, last = from_last(history, self.shape[1], self.difference_input)
        return last + self.output(self.hidden(_flat(history, covariates)).relu()).unflatten(1, self.shape)


def from_last(
    history: Float[Tensor, "b t c"], out_channels: int, difference_input: bool
) -> tuple[Float[Tensor, "b t c"], Float[Tensor, "b 1 d 1"]]:
    """Returns the history and the offset of the forecast; `difference_input` subtracts the last value.

    The offset is the last value with `difference_input`, else 0.
    """
    last = history[:, -1:]
    if not difference_input:
        return history, torch.zeros_like(last[..., :out_channels, None])
    return history - last, last[..., :out_channels, None]


def _flat(history: Tensor, covariates: Tensor | None) -> Tensor:
    values = history.flatten(1)
    return values if covariates is None else torch.cat([values, covariates.flatten(1)], dim=1)
