"""Ratings of other kinds than numbers: labels, counts, and what users have chosen."""

from typing import ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric, MetricCollection

from zoo.tasks.ratings.metrics import CountErrors, LabelErrors
from zoo.tasks.ratings.task import Ratings


class BinaryRatings(Ratings):
    """Labels -1 and 1; predictions are probabilities of label 1, the sigmoid of scores."""

    monitor = "val/log_loss"
    error_name = "Log loss"

    @classmethod
    def make_metrics(cls) -> dict[str, Metric | MetricCollection]:
        """The log loss, the accuracy and the AUC."""
        return {"errors": LabelErrors()}

    def predict_scores(self, scores: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Probabilities."""
        return scores.sigmoid()

    def from_ratings(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Probabilities from means of labels, away from 0 and 1, where the log loss is infinite."""
        return ((values + 1) / 2).clamp(0.001, 0.999)

    def rating_errors(self, predicted: Float[Tensor, " n"], ratings: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The log loss of each label."""
        chance = predicted.double()
        return -torch.where(ratings > 0, chance, 1 - chance).clamp(min=1e-12).log()


class CountRatings(Ratings):
    """Counts from 0 on, predicted by the rate of a Poisson distribution."""

    monitor = "val/kl"

    @classmethod
    def make_metrics(cls) -> dict[str, Metric | MetricCollection]:
        """The Kullback-Leibler divergence, RMSE and MAE."""
        return {"errors": CountErrors()}

    def predict_scores(self, scores: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Rates of at least 1e-10."""
        return scores.clamp(min=1e-10)


class RankedRatings(Ratings):
    """Items that users have chosen; scores only rank them, and the best ranking of validation is kept."""

    monitor = "val/auc"
    monitor_mode: ClassVar[Literal["min", "max"]] = "max"
    ranks_validation = True

    @classmethod
    def make_metrics(cls) -> dict[str, Metric | MetricCollection]:
        """None: scores have no unit."""
        return {}

    def predict_scores(self, scores: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """The scores themselves."""
        return scores
