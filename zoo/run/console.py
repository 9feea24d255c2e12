"""Console output: printed by the first process only, without Lightning's notices."""

import logging
import warnings

from pytorch_lightning.utilities.rank_zero import rank_zero_only

rank_zero_print = rank_zero_only(print)

_NOT_FOR_USERS = (
    ".*does not have many workers.*",  # data in memory needs no workers
    ".*smaller than the logging interval.*",  # values are logged once an epoch
    "Experiment logs directory .* exists and is not empty",  # Hydra has made the run directory
    ".*could not find the monitored key.*",  # a recipe that keeps the last epoch
    "It is recommended to use `self.log.*sync_dist=True",  # torchmetrics has reduced the values
    "You're resuming from a checkpoint that ended before the epoch ended",  # the sampler skips its steps
    "Grad strides do not match bucket view strides",  # 1×1 filters in channels-last with DDP
    "Found .* module.s. in eval mode at the start of training",  # frozen networks and norms
    ".*isinstance.treespec, LeafSpec.. is deprecated",  # raised inside Lightning
)


def quiet_lightning() -> None:
    """Silences Lightning's notices and warnings that do not concern users."""
    for name in ("pytorch_lightning", "lightning_fabric"):
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("pytorch_lightning.profilers").setLevel(logging.INFO)  # reports of a requested profiler
    for message in _NOT_FOR_USERS:
        warnings.filterwarnings("ignore", message)
