"""Recurrent forecasters: GRU, LSTM and Elman RNN."""

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.glorot import glorot_init
from zoo.networks.gru import FastGRU

_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"gru": nn.GRU, "lstm": nn.LSTM, "rnn": nn.RNN}


class RecurrentForecaster(nn.Module):
    """Recurrent forecaster: a GRU, LSTM or RNN encodes the history, and a linear layer maps its state to the forecast.

    Dimensions:
        b: windows of the batch; t: steps of history; h: steps of the horizon; s = t + h: steps of covariates
        c: input channels; d: forecast channels, the first d of the c; k: future covariates
        q: quantiles per value, 1 for a point forecast

    `strategy="direct"` forecasts all h steps from the last state. `"recursive"` forecasts one step at a time and feeds
    the median back as input.

    `difference_input` feeds the differences between values, and adds the output to the last value: for series with a
    trend or a random walk. `fast_cpu_training` uses `zoo.networks.gru.FastGRU` for a GRU, which takes about three
    quarters of the CPU time; other cells ignore it.

    Source: Cho et al., 2014, arXiv:1406.1078 (as in cuDNN, with the reset gate after the product); Hochreiter and
    Schmidhuber, 1997. One GRU layer of 32 units on one channel has 3,393 parameters, two have 9,729.

    Raises:
        ZooError: an unknown cell or strategy; dropout outside [0, 1); a recursive strategy with channels that are not
            forecast, or with a bidirectional encoder.
    """

    def __init__(
        self,
        *,
        cell: str = "gru",
        in_channels: int = 1,
        out_channels: int = 1,
        horizon: int = 1,
        covariate_channels: int = 0,
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.0,
        bidirectional: bool = False,
        strategy: str = "direct",
        difference_input: bool = False,
        num_quantiles: int = 1,
        fast_cpu_training: bool = False,
    ) -> None:
        super().__init__()
        if cell not in _CELLS:
            raise ZooError(f"`cell` (={cell}) must be one of: {', '.join(_CELLS)}")
        if strategy not in ("direct", "recursive"):
            raise ZooError(f"`strategy` (={strategy}) must be one of: direct, recursive")
        if not 0.0 <= dropout < 1.0:
            raise ZooError(f"`dropout` (={dropout}) must lie in [0, 1)")
        if strategy == "recursive" and in_channels != out_channels:
            raise ZooError(
                f"`strategy` (=recursive) must forecast every channel that it reads: the data has "
                f"{in_channels} and forecasts {out_channels}; use strategy=direct"
            )
        if strategy == "recursive" and bidirectional:
            raise ZooError("`strategy` (=recursive) goes with bidirectional=false: it runs forward step by step")
        self.horizon = horizon
        self.num_quantiles = num_quantiles
        self.out_channels = out_channels
        self.covariate_channels = covariate_channels
        self.recursive = strategy == "recursive"
        self.difference_input = difference_input
        self.causal = not bidirectional
        self.steps = 1 if self.recursive else horizon
        self.shape = (self.steps, out_channels, num_quantiles)
        layer = FastGRU if cell == "gru" and fast_cpu_training else _CELLS[cell]
        self.encoder = layer(
            in_channels + covariate_channels,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=bidirectional,
        )
        self.dropout = nn.Dropout(dropout)
        width = hidden_size * (2 if bidirectional else 1) + self.steps * covariate_channels
        self.output = nn.Linear(width, self.steps * out_channels * num_quantiles)
        glorot_init(self)

    def forward(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None = None
    ) -> Float[Tensor, "b h d q"]:
        """Returns the forecast of the horizon."""
        states, last = self._encode(history, covariates)
        if not self.causal:  # the backward direction ends at the first step
            hidden = last[0] if isinstance(last, tuple) else last
            states = torch.cat([hidden[-2], hidden[-1]], dim=1).unsqueeze(1)
        forecast = self._read(states[:, -1:], history, covariates)[:, 0]
        return self._roll_out(forecast, last, history, covariates) if self.recursive else forecast

    def sequence(
        self, history: Float[Tensor, "b t c"], covariates: Float[Tensor, "b s k"] | None, positions: int
    ) -> Float[Tensor, "b positions steps d q"]:
        """Returns the forecasts from each of the last `positions` steps.

        Each depends on earlier steps only if the network is `causal`.
        """
        states, _ = self._encode(history, covariates)
        return self._read(states[:, -positions:], history, covariates)

    def _encode(self, history: Tensor, covariates: Tensor | None) -> tuple[Tensor, Any]:
        inputs = history
        if self.difference_input:
            inputs = history.diff(dim=1, prepend=history[:, :1])
        if covariates is not None:
            inputs = torch.cat([inputs, covariates[:, : history.shape[1]]], dim=2)
        states, last = self.encoder(inputs)
        return states, last

    def _read(self, states: Tensor, history: Tensor, covariates: Tensor | None) -> Tensor:
        positions, end = states.shape[1], history.shape[1]
        features = self.dropout(states)
        if covariates is not None:
            ahead = covariates.unfold(1, self.steps, 1)[:, end - positions + 1 : end + 1]
            features = torch.cat([features, ahead.flatten(2)], dim=2)
        forecast = self.output(features).unflatten(2, self.shape)
        if self.difference_input:
            forecast = forecast + history[:, -positions:, None, : self.out_channels, None]
        return forecast

    def _roll_out(self, first: Tensor, state: Any, history: Tensor, covariates: Tensor | None) -> Tensor:
        """Feeds each forecast back as the next input; `first` [b 1 d q] is the forecast of the first step."""
        forecasts, past, end = [first], history[:, -1:], history.shape[1]
        for step in range(1, self.horizon):
            value = forecasts[-1][..., forecasts[-1].shape[-1] // 2]
            inputs = value - past if self.difference_input else value
            ahead = None if covariates is None else covariates[:, end + step - 1 : end + step + 1]
            if ahead is not None:
                inputs = torch.cat([inputs, ahead[:, :1]], dim=2)
            states, state = self.encoder(inputs, state)
            forecasts.append(self._read(states, value, ahead)[:, 0])
            past = value
        return torch.cat(forecasts, dim=1)
