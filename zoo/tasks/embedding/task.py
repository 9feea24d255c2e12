"""Metric learning: pictures of one identity close together, those of others apart."""

import logging
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from torchmetrics import MeanMetric, MetricCollection

from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.losses.embedding_loss import EmbeddingLoss
from zoo.losses.triplet import TripletLoss
from zoo.metrics.collect import Collected
from zoo.ops.distances import pairwise_squared_distances
from zoo.tasks.base import Stage, Task
from zoo.tasks.embedding.collapse import ADVICE, collapse_signs, spread
from zoo.tasks.embedding.metrics import compared_pairs, embedding_figures, pair_distances
from zoo.tasks.embedding.verification import roc, threshold_at_far

log = logging.getLogger(__name__)


class Outputs(NamedTuple):
    """The embeddings of the test split, in the order of the data set."""

    vectors: Float[Tensor, "n d"]
    identities: Int[Tensor, " n"]


class Embedding(Task):
    """Verification and recognition by distance between embeddings of `(images [B C H W], identities [B])`.

    After each validation the threshold is set to the distance at which a share `target_far` of the pairs of
    different validation identities would be accepted. It is saved with the weights and used wherever "the
    same?" is answered. With `recover`, a collapse takes the weights of the last healthy epoch and mines
    semi-hard from then on.

    Raises:
        ZooError: a `target_far` outside (0, 1).
    """

    kind = "embedding"
    monitor = "val/auc"
    monitor_mode = "max"
    not_averaged = frozenset({"threshold"})
    threshold: Tensor

    def __init__(self, *, network: nn.Module, loss: nn.Module, target_far: float = 0.01, recover: bool = False) -> None:
        if not 0 < target_far < 1:
            raise ZooError(f"`target_far` (={target_far}) must be a rate between 0 and 1, such as 0.01")
        super().__init__(
            network=network,
            loss=loss,
            metrics=MetricCollection({}),
            train_metrics=MetricCollection({"spread": MeanMetric("disable"), "active": MeanMetric()}),
        )
        self.target_far = target_far
        self.recover = recover
        self.progress = 0.0
        """The part of the training that is over, in [0, 1]."""
        self.register_buffer("threshold", torch.tensor(float("-inf")))
        self.vectors = Collected()
        self.identities = Collected()
        self._healthy: dict[str, Tensor] | None = None
        self._recovered = False

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        """The embedding of each picture."""
        vectors: Tensor = self.outputs_of(images)
        return vectors

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """How unlike two embeddings are: squared distance, or minus the logit of the verification head."""
        if isinstance(self.loss, VerificationLoss):
            with torch.no_grad():
                return self.loss.distances(a, b)
        return pairwise_squared_distances(a, b)

    def step(self, batch: tuple[Tensor, Tensor], stage: Stage) -> Tensor:
        """The loss of a batch; in training over the batches of all processes, with gradient to each."""
        images, identities = batch
        vectors = self(images)
        if stage != "train":
            self.vectors.update(vectors)
            self.identities.update(identities)
            return self._loss(vectors, identities, 1.0).value
        if distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1:
            vectors, identities = self._gathered(vectors, identities)
        found = self._loss(vectors, identities, self.progress)
        self.train_metrics["spread"].update(spread(vectors.detach()))
        self.train_metrics["active"].update(found.active / found.total.clamp_min(1))
        return found.value

    def _loss(self, vectors: Tensor, identities: Tensor, progress: float) -> EmbeddingLoss:
        found: EmbeddingLoss = self.loss(vectors, identities, progress)
        # No comparison with NaN holds, so mining finds nothing to learn and the loss of a diverged network would be 0.
        return found._replace(value=found.value.masked_fill(~vectors.isfinite().all(), torch.nan))

    def _gathered(self, vectors: Tensor, identities: Tensor) -> tuple[Tensor, Tensor]:
        """The batches of all processes; a gradient goes back to the process that its row came from."""
        every, known = self.all_gather(vectors, sync_grads=True), self.all_gather(identities)
        assert isinstance(every, Tensor)
        assert isinstance(known, Tensor)
        return every.flatten(0, 1), known.flatten()

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Notes how much of the training is over."""
        self.progress = min(1.0, self.global_step / max(1.0, self.trainer.estimated_stepping_batches))

    def on_train_start(self) -> None:
        """Keeps the first weights, as there is no healthier epoch yet."""
        self._healthy = self._weights() if self.recover else None

    def on_train_epoch_end(self) -> None:
        """Logs the epoch's metrics, and watches for a collapse."""
        values = {name: float(value) for name, value in self.train_metrics.compute().items()}
        margin = self.loss.margin if isinstance(self.loss, TripletLoss) else None
        signs = collapse_signs(values["train/spread"], values["train/active"], values["train/loss"], margin)
        super().on_train_epoch_end()
        if signs:
            self._report_collapse(signs)
        elif self.recover:
            self._healthy = self._weights()

    def _report_collapse(self, signs: list[str]) -> None:
        told = f"the embedding has collapsed in epoch {self.current_epoch}: {'; '.join(signs)}"
        if self._healthy is None:
            log.warning("%s. Advice: %s", told, ADVICE)
            return
        self.network.load_state_dict(self._healthy)
        for optimizer in self.trainer.optimizers:
            optimizer.state.clear()  # its momentum leads back into the collapse
        self._mine_gently()
        log.warning("%s. The last healthy weights are back, and negatives are semi-hard from here on", told)

    def _mine_gently(self) -> None:
        self._recovered = True
        if isinstance(self.loss, TripletLoss):
            self.loss.mining = "semi_hard"

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds whether the training has recovered from a collapse."""
        super().on_save_checkpoint(checkpoint)
        checkpoint["recovered"] = self._recovered

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """A training that goes on after a collapse must not mine again what led there."""
        if checkpoint.get("recovered"):
            self._mine_gently()

    def _weights(self) -> dict[str, Tensor]:
        return {name: value.detach().cpu().clone() for name, value in self.network.state_dict().items()}

    def on_validation_epoch_start(self) -> None:
        """Forgets the embeddings of an earlier validation."""
        self._forget()

    def on_validation_epoch_end(self) -> None:
        """Sets the threshold and logs the figures of the validation split."""
        vectors, identities = self._finite_outputs("validation")
        pairs = compared_pairs(identities)
        curve = roc(pair_distances(vectors, pairs, self.distances_on_cpu), pairs.same)
        self.threshold.fill_(threshold_at_far(curve, self.target_far))
        self._log_figures("val", vectors, identities)
        super().on_validation_epoch_end()

    def on_test_epoch_start(self) -> None:
        """Forgets the embeddings of the validation."""
        self._forget()

    def on_test_epoch_end(self) -> None:
        """Logs the figures of the test split, those at the threshold included."""
        self._log_figures("test", *self._finite_outputs("test"))
        super().on_test_epoch_end()

    def _forget(self) -> None:
        self.vectors.reset()
        self.identities.reset()

    def _finite_outputs(self, split: str) -> Outputs:
        """`test_outputs`, before a figure of a diverged network can choose a checkpoint or a threshold."""
        outputs = self.test_outputs()
        if not outputs.vectors.isfinite().all():
            raise ZooError(
                f"the embeddings of the {split} pictures are no longer finite: the network has diverged, so train it "
                f"with a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
            )
        return outputs

    def _log_figures(self, stage: Stage, vectors: Tensor, identities: Tensor) -> None:
        known = self.threshold.item() if self.threshold.isfinite() else None
        figures = embedding_figures(vectors, identities, self.distances_on_cpu, known)
        self.log_dict({f"{stage}/{name}": value for name, value in figures.items()}, sync_dist=False)

    def distances_on_cpu(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """`distances` of vectors that lie on the CPU, on the device of the weights."""
        return self.distances(a.to(self.device), b.to(self.device)).cpu()

    def test_outputs(self) -> Outputs:
        """What the last validation or test produced, on the CPU."""
        return Outputs(self.vectors.compute().float().cpu(), self.identities.compute().long().cpu())

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Float[Tensor, "b d"]:
        """Embeddings of a batch of images, or of the images of a batch with identities."""
        images = batch if isinstance(batch, Tensor) else batch[0]
        vectors: Tensor = self(images)
        return vectors
