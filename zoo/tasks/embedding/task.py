"""Metric learning: embeddings of one identity lie close together, those of different identities far apart."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, distributed, nn
from torchmetrics import MetricCollection

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.losses.embedding_loss import BatchLoss, EmbeddingLoss
from zoo.metrics.concatenated import Concatenated
from zoo.metrics.mean import MeanLoss
from zoo.prediction.images import embed_batches, image_files, read_batches
from zoo.tasks.base import Task
from zoo.tasks.card import required_entries
from zoo.tasks.embedding.collapse import ADVICE, collapse_signs, spread
from zoo.tasks.embedding.metrics import compared_pairs, embedding_metrics, pair_distances
from zoo.tasks.embedding.threshold import evidence
from zoo.tasks.embedding.verification import roc, threshold_at_far
from zoo.tasks.image_task import ImageTask
from zoo.tasks.stages import Stage


class Outputs(NamedTuple):
    """The embeddings of the test split, in the order of the data set."""

    vectors: Float[Tensor, "n d"]
    identities: Int[Tensor, " n"]


class Embedding(ImageTask):
    """Verification and recognition by distance between embeddings of `(images [B C H W], identities [B])`.

    Each validation sets the threshold to the distance at which a share `target_far` of its pairs of different
    identities would be accepted. With `threshold_folds`, it is the mean over networks trained without one of so many
    parts of the identities. It is saved with the weights, decides verification everywhere, and `card["threshold"]`
    describes the identities behind it.

    Raises:
        ZooError: a `target_far` outside (0, 1), or negative or single `threshold_folds`.
    """

    kind = "embedding"
    monitor = "val/auc"
    monitor_mode = "max"
    not_averaged = frozenset({"threshold"})
    comparable_losses = False

    loss: EmbeddingLoss
    threshold: Tensor

    def __init__(
        self, *, network: nn.Module, loss: EmbeddingLoss, target_far: float = 0.01, threshold_folds: int = 0
    ) -> None:
        if not 0 < target_far < 1:
            raise ZooError(f"`target_far` (={target_far}) must be a rate between 0 and 1, such as 0.01")
        if threshold_folds < 0 or threshold_folds == 1:
            raise ZooError(f"`threshold_folds` (={threshold_folds}) must be 0, for none, or at least 2")
        super().__init__(
            network=network,
            loss=loss,
            metrics=MetricCollection({}),
            train_metrics=MetricCollection({"spread": MeanLoss(), "active": MeanLoss()}),
        )
        self.target_far = target_far
        self.calibration_folds = threshold_folds
        self._calibrated = False
        self.progress = 0.0
        """The fraction of training that is over, in [0, 1]."""
        self.register_buffer("threshold", torch.tensor(float("-inf")))
        self.vectors = Concatenated()
        self.identities = Concatenated()

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
        """The embedding of each image."""
        vectors: Tensor = self.forward_network(images)
        return vectors

    def distances(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """The distance that the loss trains: squared Euclidean, or minus the logit of a verification head."""
        with torch.no_grad():
            return self.loss.distances(a, b)

    def step(self, batch: Sequence[Tensor], stage: Stage) -> Tensor:
        """Returns the loss of a batch; in training of the batches of all processes together, with their gradient."""
        images, identities = batch
        vectors = self(images)
        if stage != "train":
            self.vectors.update(vectors)
            self.identities.update(identities)
            return self._loss(vectors, identities, 1.0).value
        if distributed.is_available() and distributed.is_initialized() and distributed.get_world_size() > 1:
            vectors, identities = self._gathered(vectors, identities)
        found = self._loss(vectors, identities, self.progress)
        self.train_metrics["spread"].update(spread(vectors.detach()), 1)
        self.train_metrics["active"].update(found.active / found.total.clamp_min(1), 1)
        return found.value

    def _loss(self, vectors: Tensor, identities: Tensor, progress: float) -> BatchLoss:
        found: BatchLoss = self.loss(vectors, identities, progress)
        # Every comparison with NaN is false: miners find no triplet, and the loss of a diverged network would be 0.
        return found._replace(value=found.value.masked_fill(~vectors.isfinite().all(), torch.nan))

    def _gathered(self, vectors: Tensor, identities: Tensor) -> tuple[Tensor, Tensor]:
        """Gathers the batches of all processes; each row's gradient returns to its own process."""
        all_vectors, all_identities = self.all_gather(vectors, sync_grads=True), self.all_gather(identities)
        assert isinstance(all_vectors, Tensor)
        assert isinstance(all_identities, Tensor)
        return all_vectors.flatten(0, 1), all_identities.flatten()

    def signs_of_collapse(self, values: Mapping[str, float]) -> list[str]:
        """Signs in the spread of the embeddings, the active triplets and the loss."""
        return collapse_signs(
            values["train/spread"], values["train/active"], values["train/loss"], self.loss.collapsed_value
        )

    def collapse_advice(self) -> str:
        """Another miner, another rate, or recovery."""
        return ADVICE

    def on_train_batch_start(self, batch: Any, batch_idx: int) -> None:
        """Updates `progress`."""
        self.progress = min(1.0, self.global_step / max(1.0, self.trainer.estimated_stepping_batches))

    def on_validation_epoch_start(self) -> None:
        """Drops the embeddings of an earlier validation."""
        self._reset_outputs()

    def on_validation_epoch_end(self) -> None:
        """Sets the threshold, unless folds have, and logs the metrics of the validation split."""
        vectors, identities = self._finite_outputs("validation")
        if not self._calibrated:
            self.threshold.fill_(self._best_threshold(vectors, identities))
            self.card["threshold"] = self._evidence([self])
        self._log_embedding_metrics("val", vectors, identities)
        super().on_validation_epoch_end()

    def calibrate(self, folds: Sequence[Task]) -> None:
        """Takes the mean threshold of the folds, and keeps it in later validations."""
        tasks = [fold for fold in folds if isinstance(fold, Embedding)]
        self.threshold.fill_(sum(fold.threshold.item() for fold in tasks) / len(tasks))
        self.card["threshold"] = self._evidence(tasks)
        self._calibrated = True

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keeps a threshold from folds, with its evidence, in a resumed run."""
        saved = checkpoint.get("zoo", {}).get("card", {}).get("threshold", {})
        if saved.get("folds", 1) > 1:
            self.card["threshold"], self._calibrated = saved, True

    def evaluation_settings(self) -> dict[str, Any]:
        """The identities behind the threshold."""
        found = self.card.get("threshold", {})
        return {"threshold": {name: value for name, value in found.items() if name != "strangers"}}

    def _best_threshold(self, vectors: Tensor, identities: Tensor) -> float:
        pairs = compared_pairs(identities)
        curve = roc(pair_distances(vectors, pairs, self.distances_on_cpu), pairs.same)
        return threshold_at_far(curve, self.target_far)

    def _evidence(self, tasks: Sequence["Embedding"]) -> dict[str, Any]:
        samples = [(*task.test_outputs(), task.distances_on_cpu) for task in tasks]
        return evidence(samples, self.threshold.item(), self.target_far)

    def on_test_epoch_start(self) -> None:
        """Drops the embeddings of the validation."""
        self._reset_outputs()

    def on_test_epoch_end(self) -> None:
        """Logs the metrics of the test split, including those at the threshold."""
        self._log_embedding_metrics("test", *self._finite_outputs("test"))
        super().on_test_epoch_end()

    def _reset_outputs(self) -> None:
        self.vectors.reset()
        self.identities.reset()

    def _finite_outputs(self, split: str) -> Outputs:
        """`test_outputs`; refuses those of a diverged network before they choose a checkpoint or a threshold."""
        outputs = self.test_outputs()
        if not outputs.vectors.isfinite().all():
            raise ZooError(
                f"the embeddings of the {split} images are no longer finite: the network has diverged, so train it "
                f"with a smaller optimizer.lr or trainer.gradient_clip_val=1; checkpoints of earlier epochs are kept"
            )
        return outputs

    def _log_embedding_metrics(self, stage: Stage, vectors: Tensor, identities: Tensor) -> None:
        known = self.threshold.item() if self.threshold.isfinite() else None
        figures = embedding_metrics(vectors, identities, self.distances_on_cpu, known)
        self.log_dict({f"{stage}/{name}": value for name, value in figures.items()}, sync_dist=False)

    def distances_on_cpu(self, a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
        """`distances` of vectors on the CPU, computed on the device of the weights."""
        return self.distances(a.to(self.device), b.to(self.device)).cpu()

    def test_outputs(self) -> Outputs:
        """The outputs of the last validation or test, on the CPU."""
        return Outputs(self.vectors.compute().float().cpu(), self.identities.compute().long().cpu())

    def preprocessing_entries(self) -> tuple[str, ...]:
        """Those of `Preprocessing`."""
        return required_entries(Preprocessing)

    @torch.no_grad()
    def features(self, source: Any, *, batch_size: int) -> Float[Tensor, "n d"]:
        """The embedding of each image.

        Raises:
            ZooError: the model was not trained on images, or an image cannot be read.
        """
        if "preprocessing" not in self.card:
            raise ZooError("this model knows no preprocessing: load it from the checkpoint of a training run")
        preprocessing = Preprocessing.from_dict(self.card["preprocessing"])

        def embed(images: Tensor) -> Tensor:
            return self.predict_step(preprocessing.normalize(images.to(self.device)))

        return embed_batches(read_batches(image_files(self.resolve_source(source)), preprocessing, batch_size), embed)

    def predict_step(self, batch: Any, batch_idx: int = 0) -> Float[Tensor, "b d"]:
        """Embeddings of a batch of images, or of the images of a batch with identities."""
        images = batch if isinstance(batch, Tensor) else batch[0]
        vectors: Tensor = self(images)
        return vectors
