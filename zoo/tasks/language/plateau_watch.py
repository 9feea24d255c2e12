"""Callback that warns of a loss at the entropy of word frequencies."""

import logging

from pytorch_lightning import Callback, LightningModule, Trainer

from zoo.errors import ZooError
from zoo.tasks.language.plateau import ADVICE, sits_at
from zoo.tasks.language.task import Language

log = logging.getLogger(__name__)


class PlateauWatch(Callback):
    """Checks the masked loss after each validation, once the fraction `after` of training has passed.

    It warns once. Pre-training of BERT passes this plateau within the first tenth, or never leaves it.

    Raises:
        ZooError: the model is not one of language, or a fraction outside [0, 1].
    """

    def __init__(self, *, after: float) -> None:
        if not 0.0 <= after <= 1.0:
            raise ZooError(f"`callbacks.plateau_watch.after` (={after}) must lie in [0, 1]")
        self.after = after
        self.warned = False

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Checks the kind of model."""
        if not isinstance(pl_module, Language):
            raise ZooError("callbacks=plateau_watch goes with language models, such as model=bert_tiny: leave it out")

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Warns if the loss still sits at the entropy."""
        assert isinstance(pl_module, Language)
        loss, entropy = trainer.callback_metrics.get("val/mlm_loss"), pl_module.unigram_entropy
        early = trainer.global_step < self.after * trainer.estimated_stepping_batches
        if self.warned or early or loss is None or not sits_at(float(loss), entropy) or trainer.sanity_checking:
            return
        self.warned = True
        log.warning(
            "after epoch %d the masked loss (%.2f nats) sits at the unigram entropy (%.2f): %s",
            trainer.current_epoch + 1,
            float(loss),
            entropy,
            ADVICE,
        )
