"""Callback that warns of a collapsed embedding and can recover from it."""

import logging
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor

from zoo.errors import ZooError
from zoo.tasks.embedding.collapse import ADVICE, collapse_signs
from zoo.tasks.embedding.task import Embedding

log = logging.getLogger(__name__)


class CollapseWatch(Callback):
    """Checks the training metrics of each epoch for signs of a collapse.

    With `recover`, a collapse restores the weights of the last healthy epoch and switches to semi-hard mining.

    Raises:
        ZooError: the model is not an embedding.
    """

    def __init__(self, *, recover: bool) -> None:
        self.recover = recover
        self.recovered = False
        self._healthy: dict[str, Tensor] = {}

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Checks the kind of model."""
        if not isinstance(pl_module, Embedding):
            raise ZooError("callbacks=collapse_watch goes with embedding models, such as model=siamese: leave it out")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stores the initial weights; after resuming a recovered run, restores its gentle mining."""
        task = _embedding(pl_module)
        if self.recover:
            self._healthy = _weights(task)
        if self.recovered:
            task.loss.use_easier_negatives()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Stores the weights of a healthy epoch; warns of a collapse and recovers from it."""
        task = _embedding(pl_module)
        values = {name: float(value) for name, value in task.train_metrics.compute().items()}
        signs = collapse_signs(
            values["train/spread"], values["train/active"], values["train/loss"], task.loss.collapsed_value
        )
        if not signs:
            self._healthy = _weights(task) if self.recover else {}
            return
        message = f"the embedding has collapsed in epoch {trainer.current_epoch}: {'; '.join(signs)}"
        if not self.recover:
            log.warning("%s. Advice: %s", message, ADVICE)
            return
        task.network.load_state_dict(self._healthy)
        for optimizer in trainer.optimizers:
            optimizer.state.clear()  # the old momentum leads back into the collapse
        task.loss.use_easier_negatives()
        self.recovered = True
        log.warning("%s. The last healthy weights are back, and negatives are semi-hard from here on", message)

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
