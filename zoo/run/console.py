"""What a run says, once, however many processes it has."""

import logging
import warnings

from pytorch_lightning.utilities.rank_zero import rank_zero_only

rank_zero_print = rank_zero_only(print)

_NOT_FOR_USERS = (
    ".*does not have many workers.*",  # data in memory needs none
    ".*smaller than the logging interval.*",  # values are logged once an epoch
    "Experiment logs directory .* exists and is not empty",  # Hydra has made the run directory
    ".*could not find the monitored key.*",  # a recipe whose last epoch is the one that counts
    "It is recommended to use `self.log.*sync_dist=True",  # torchmetrics has gathered the values
    "Grad strides do not match bucket view strides",  # of 1×1 filters, channels-last and of several processes
    ".*isinstance.treespec, LeafSpec.. is deprecated",  # Lightning's own business with torch
)


def quiet_lightning() -> None:
    """Leaves out of the console what Lightning says for its own sake."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)  # a profiler was asked for
    for message in _NOT_FOR_USERS:
        warnings.filterwarnings("ignore", message)
