"""What the network and the loss of a forecaster need."""

from torch import nn

from zoo.errors import ZooError


def require_training(network: nn.Module, loss: nn.Module, train_on: str) -> None:
    """Checks that the network gives the quantiles of the loss, and the forecasts that `train_on` selects.

    Raises:
        ZooError: another number of quantiles, or a network that forecasts from its last step alone.
    """
    given, expected = getattr(network, "num_quantiles", 1), len(getattr(loss, "quantiles", [0.5]))
    if given != expected:
        raise ZooError(f"`model.network.num_quantiles` (={given}) must be {expected}, the quantiles of model.loss")
    if train_on not in ("last", "last_half"):
        raise ZooError(f"`model.train_on` (={train_on}) must be one of: last, last_half")
    if train_on == "last_half" and not hasattr(network, "sequence"):
        raise ZooError("`model.train_on` (=last_half) needs a recurrent network, which forecasts after every step")
    if train_on == "last_half" and not getattr(network, "causal", True):
        raise ZooError(
            "`model.train_on` (=last_half) goes with bidirectional=false: the backward pass sees the answers; "
            "set model.train_on=last"
        )
