"""Callback that recovers from a collapsed embedding."""

import logging
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from zoo.errors import ZooError
from zoo.tasks.embedding.task import Embedding

log = logging.getLogger(__name__)


class CollapseRecovery(Callback):
    """Checks the training metrics of each epoch for signs of a collapse.

    A collapse restores the weights of the last healthy epoch and switches to semi-hard mining.

    Raises:
        ZooError: the model is not an embedding.
    """

    def __init__(self) -> None:
        self.recovered = False
        self._healthy: dict[str, Tensor] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Checks the kind of model."""
        if not isinstance(pl_module, Embedding):
            raise ZooError(
                "callbacks=collapse_recovery goes with embedding models, such as model=siamese: leave it out"
            )

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stores the initial weights; after resuming a recovered run, restores its gentle mining."""
        task = _embedding(pl_module)
        self._healthy = _weights(task)
        if self.recovered:
            task.loss.use_easier_negatives()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stores the weights of a healthy epoch; recovers from a collapse."""
        task = _embedding(pl_module)
        values = {name: float(value) for name, value in task.train_metrics.compute().items()}
        signs = task.signs_of_collapse(values)
        if not signs:
            self._healthy = _weights(task)
            return
        task.network.load_state_dict(self._healthy)
        for optimizer in trainer.optimizers:
            optimizer.state.clear()  # the old momentum leads back into the collapse
        task.loss.use_easier_negatives()
        self.recovered = True
        log.warning(
            "the embedding has collapsed in epoch %d: %s. The last healthy weights are back, and negatives are "
            "semi-hard from here on",
            trainer.current_epoch + 1,
            "; ".join(signs),
        )

    def state_dict(self) -> dict[str, Any]:
        """Whether training has recovered from a collapse."""
        return {"recovered": self.recovered}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores the state, so that a resumed run keeps mining gently."""
        self.recovered = state_dict["recovered"]


def _embedding(module: LightningModule) -> Embedding:
    assert isinstance(module, Embedding)
    return module


def _weights(task: Embedding) -> dict[str, Tensor]:
    return {name: value.detach().cpu().clone() for name, value in task.network.state_dict().items()}
