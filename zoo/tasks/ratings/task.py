"""Ratings: matrix factorization, trained by compiled SGD or in torch, and judged as a recommender."""

from typing import Any, ClassVar, Literal, NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

from zoo.data.ratings.rows import COLD
from zoo.errors import ZooError
from zoo.losses.ratings import RatingLoss
from zoo.metrics.concatenated import Concatenated
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.tasks.ratings.fallback import Fallback
from zoo.tasks.ratings.metrics import RatingErrors
from zoo.tasks.ratings.rankings import rank_split
from zoo.tasks.ratings.training import RatingsTraining
from zoo.tasks.stages import Stage


class RatingOutputs(NamedTuple):
    """Predictions and ratings of the warm test ratings, in order."""

    user: Int[Tensor, " n"]
    item: Int[Tensor, " n"]
    predicted: Float[Tensor, " n"]
    rating: Float[Tensor, " n"]


class Ratings(RatingsTraining):
    """Ratings in batches `(users [B], items [B], ratings [B])` of indices, or in a grid of all training ratings.

    `solver`: `compiled` is parallel SGD over blocks of the grid on all cores (`threads`), tens of times faster than
    autograd; `torch` takes sparse steps of minibatches on any device, which several processes share. `auto` is
    `compiled` wherever it can run: on one CPU, with numba and a RowAdagrad. Any other optimizer trains by autograd.

    Ratings of cold users or items are predicted by the `Fallback` and measured apart. `top_k` is the length of ranked
    lists, whose candidates are all items that the user has not rated in training or validation.

    Raises:
        ZooError: an unknown option, a loss of another kind of ratings, or a list shorter than 1.
    """

    kind = "ratings"
    row_names = ("users", "items")
    double_precision = True  # of sums over the ratings of a split
    comparable_losses = False
    monitor = "val/rmse"
    monitor_mode: ClassVar[Literal["min", "max"]] = "min"
    error_name = "Mean absolute error"
    """What `rating_errors` averages."""
    ranks_validation = False
    """True if validation ranks items, too."""

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        solver: str,
        threads: int | None,
        top_k: int,
        num_users: int = 1000,
        num_items: int = 1000,
        num_known: int = 0,
        mean_rating: float = 0.0,
        lowest_rating: float = 0.0,
        highest_rating: float = 0.0,
    ) -> None:
        metrics = MetricCollection(self.make_metrics())
        super().__init__(network=network, loss=loss, metrics=metrics, solver=solver, threads=threads)
        if not isinstance(network, MatrixFactorization) or not isinstance(loss, RatingLoss):
            raise ZooError("a ratings model needs the network MatrixFactorization and a loss of zoo.losses.ratings")
        if top_k < 1:
            raise ZooError(f"`model.top_k` (={top_k}) must be at least 1")
        if loss.nonnegative and not network.nonnegative:
            raise ZooError("this loss needs scores of at least 0: give +model.network.nonnegative=true")
        self.top_k, self.range = top_k, (lowest_rating, highest_rating)
        self.fallback = Fallback(num_users, num_items, mean_rating)
        self.register_buffer("known_starts", torch.zeros(num_users + 1, dtype=torch.long))
        self.register_buffer("known_items", torch.zeros(num_known, dtype=torch.int32))
        self.collected = nn.ModuleDict({name: Concatenated() for name in RatingOutputs._fields})
        self.cold_metrics = MetricCollection(self.make_metrics(), prefix="test/cold_")

    @classmethod
    def make_metrics(cls) -> dict[str, Metric | MetricCollection]:
        """The metrics of predictions."""
        return {"errors": RatingErrors()}

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """Users and items."""
        return (batch.users, batch.items)

    def setup(self, stage: str) -> None:
        """Takes what predictions need from the training data."""
        super().setup(stage)
        data = self.ratings_data
        if stage == "fit" and data is not None:
            self.fallback.fit(data.dataset("train").columns)
            starts, items = data.known()
            self.known_starts.copy_(torch.from_numpy(starts))
            self.known_items.copy_(torch.from_numpy(items))

    def predict_scores(self, scores: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Predictions from scores: ratings within the range of training."""
        low, high = self.range
        return scores.clamp(low, high) if high > low else scores

    def from_ratings(self, values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Predictions from estimates of ratings, as those of baselines."""
        return self.predict_scores(values)

    def rating_errors(self, predicted: Float[Tensor, " n"], ratings: Float[Tensor, " n"]) -> Float[Tensor, " n"]:
        """The error of each prediction."""
        return (predicted.double() - ratings.double()).abs()

    def forward(self, users: Int[Tensor, " b"], items: Int[Tensor, " b"]) -> Float[Tensor, " b"]:
        """The prediction for each pair; the fallback where a user or an item is COLD."""
        warm = (users != COLD) & (items != COLD)
        scores = self.network(users.clamp(min=0), items.clamp(min=0)).to(self.fallback.user_means.dtype)
        return torch.where(warm, self.predict_scores(scores), self.from_ratings(self.fallback(users, items)))

    def step(self, batch: Any, stage: Stage) -> Tensor:
        """The loss of a batch; with the penalty in training, and of warm ratings elsewhere."""
        if stage == "train":
            loss, penalty = self._losses(batch)
            return loss + penalty
        users, items, ratings = batch
        warm = (users != COLD) & (items != COLD)
        predicted = self(users, items)
        if stage == "test" and "errors" in self.cold_metrics and not warm.all():
            self.cold_metrics["errors"].update(predicted[~warm], ratings[~warm])
        rows = warm.nonzero()[:, 0]  # once: a GPU makes the program wait for the size of each mask
        users, items, predicted, ratings = users[rows], items[rows], predicted[rows], ratings[rows]
        self._warm = len(ratings)
        scores = self.network(users, items)
        if "errors" in self.metrics[stage]:
            self.metrics[stage]["errors"].update(predicted, ratings)
        if stage == "test":
            for name, values in RatingOutputs(users, items, predicted, ratings)._asdict().items():
                self.collected[name].update(values)  # type: ignore[operator]
        if not len(ratings):
            return scores.sum()
        target = torch.ones_like(scores) if self.rating_loss.pairwise else ratings.to(scores.dtype)
        value: Tensor = self.loss(scores, target)
        return value

    def _step_with_loss(self, batch: Any, stage: Stage) -> Tensor:
        loss = self.step(batch, stage)
        if self._warm:
            self.metrics[stage]["loss"].update(loss, self._warm)
        return loss

    def on_validation_epoch_end(self) -> None:
        """Logs the validation metrics."""
        if self.ranks_validation:
            self._log_rankings("val")
        super().on_validation_epoch_end()

    def on_test_start(self) -> None:
        """Drops the outputs of an earlier test."""
        for collected in self.collected.values():
            collected.reset()  # type: ignore[operator]
        self.cold_metrics.reset()

    def on_test_epoch_end(self) -> None:
        """Logs the metrics of warm ratings, of cold ones, and of the rankings."""
        if "errors" in self.cold_metrics and self.cold_metrics["errors"].update_called:
            self.log_dict(self.cold_metrics.compute(), sync_dist=False)
        self._log_rankings("test")
        super().on_test_epoch_end()

    def _log_rankings(self, stage: Stage) -> None:
        data = self.ratings_data
        if data is not None:
            values = rank_split(data, stage, self.factorization.all_items, self.top_k, device=self.device)
            self.log_dict({f"{stage}/{name}": value for name, value in values.items()}, sync_dist=False)

    def test_outputs(self) -> RatingOutputs:
        """The outputs of the last test, on the CPU."""
        return RatingOutputs(*(self.collected[n].compute().cpu() for n in RatingOutputs._fields))  # type: ignore[operator]

    def evaluation_settings(self) -> dict[str, Any]:
        """The solver, and the length and candidates of ranked lists."""
        solver = {} if self.solver is None else {"solver": self.solver.reason.removeprefix("solver: ")}
        return solver | {"ranked": f"top {self.top_k} of all items without training or validation rating by the user"}
