"""Training of factors: compiled passes, sparse minibatches, or autograd, with manual optimization."""

from typing import Any, cast

import torch
from jaxtyping import Int
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from torchmetrics import MetricCollection

from zoo.data.ratings.base import RatingsData
from zoo.data.ratings.grid import Grid
from zoo.data.ratings.rows import COLD, RatingBatch
from zoo.data.sampling import numbered_seed
from zoo.losses.ratings import RatingLoss
from zoo.networks.matrix_factorization import MatrixFactorization
from zoo.tasks.base import Task
from zoo.tasks.ratings import minibatch
from zoo.tasks.ratings.optimizer import RowAdagrad
from zoo.tasks.ratings.solver import Solver, require_options, resolve_solver
from zoo.tasks.stages import FINITE_CHECK_EVERY

_SMALL = 1_000_000  # training ratings below which a second thread gains nothing


class RatingsTraining(Task):
    """The training part of `Ratings`; the subclass has the buffers `known_starts` and `known_items`.

    Raises:
        ZooError: an unknown solver, or fewer than one thread.
    """

    known_starts: Tensor
    known_items: Tensor

    def __init__(
        self, *, network: nn.Module, loss: nn.Module, metrics: MetricCollection, solver: str, threads: int | None
    ) -> None:
        super().__init__(network=network, loss=loss, metrics=metrics)
        require_options(solver, threads)
        self.requested, self.threads = solver, threads
        self.solver: Solver | None = None
        self.automatic_optimization = False
        self.parameter_groups = _one_group
        self._keys: Tensor | None = None

    @property
    def factorization(self) -> MatrixFactorization:
        """The network, by its own type."""
        return cast(MatrixFactorization, self.network)

    @property
    def rating_loss(self) -> RatingLoss:
        """The loss, by its own type."""
        return cast(RatingLoss, self.loss)

    def num_samples(self, batch: Any) -> int:
        """The number of ratings of a batch, or of all training ratings."""
        return len(batch) if isinstance(batch, Grid) else len(batch.ratings)

    @property
    def ratings_data(self) -> RatingsData | None:
        """The data module of the trainer, if it is one of ratings."""
        data = getattr(self.trainer, "datamodule", None)
        return data if isinstance(data, RatingsData) else None

    def setup(self, stage: str) -> None:
        """Checks the ratings, and chooses the solver before training.

        Raises:
            ZooError: ratings that the loss is not defined for.
        """
        data = self.ratings_data
        if data is None:
            return
        if self.rating_loss.labels:
            data.use_labels(type(self.loss).__name__)
        if self.rating_loss.nonnegative:
            data.require_nonnegative(type(self.loss).__name__)
        if stage != "fit":
            return
        small = self.threads is None and len(data.dataset("train")) < _SMALL
        self.solver = resolve_solver(
            self.requested,
            1 if small else self.threads,
            most=data.grid.bands - 1,
            device=self.trainer.strategy.root_device,
            processes=self.trainer.world_size,
            dtype=self.factorization.users.dtype,
            row_adagrad=getattr(self.optimizer_factory, "func", None) is RowAdagrad,
        )
        data.whole_passes = self.solver.compiled
        rank_zero_only(print)(self.solver.reason)

    def training_step(self, batch: Any, batch_idx: int) -> None:  # type: ignore[override]
        """Updates the factors with a batch, or with all training ratings."""
        optimizer: Any = self.optimizers()
        inner = optimizer.optimizer
        rate = float(inner.param_groups[0]["lr"])
        if isinstance(batch, Grid):
            loss = optimizer.step(closure=lambda: self._compiled(batch, inner, rate))
        elif isinstance(inner, RowAdagrad):
            found = minibatch.gradients(*self._training_inputs(batch))
            if self.trainer.world_size > 1:
                found = minibatch.gather(found)
            optimizer.step(
                closure=lambda: minibatch.update(self.factorization, self.rating_loss, inner, found, rate=rate)
            )
            loss = found.loss
        else:
            optimizer.zero_grad()
            loss, penalty = self._losses(batch)
            self.manual_backward(loss + penalty)
            optimizer.step()
            self._clamp()
        self.metrics["train"]["loss"].update(torch.as_tensor(loss).detach(), self.num_samples(batch))
        if isinstance(batch, Grid) or batch_idx % FINITE_CHECK_EVERY == 0:
            self._require_finite(torch.as_tensor(loss))
        schedule: Any = self.lr_schedulers()
        if schedule is not None and not isinstance(schedule, ReduceLROnPlateau):
            schedule.step()

    def _compiled(self, grid: Grid, optimizer: RowAdagrad, rate: float) -> Tensor:
        from zoo.tasks.ratings.compiled import compiled_pass  # imports numba

        assert self.solver is not None
        seed = numbered_seed(torch.default_generator.initial_seed(), 0)  # of this step, set by the data module
        loss = compiled_pass(
            self.factorization, self.rating_loss, optimizer, grid, rate=rate, seed=seed, threads=self.solver.threads
        )
        return torch.tensor(loss)

    def _training_inputs(self, batch: RatingBatch) -> tuple[Any, ...]:
        users, items = batch.users.long(), batch.items.long()
        rivals = self._draw_rivals(users) if self.rating_loss.pairwise else None
        if rivals is not None:
            new = (rivals != COLD).nonzero()[:, 0]  # once: a GPU waits for their number
            users, items, rivals = users[new], items[new], rivals[new]
            return self.factorization, self.rating_loss, users, items, batch.ratings[new], rivals
        return self.factorization, self.rating_loss, users, items, batch.ratings, None

    def _draw_rivals(self, users: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """An item for each user that it is not known to have rated, drawn uniformly; COLD where eight draws fail."""
        count, keys = self.factorization.num_items, self._known_keys
        rivals = torch.full_like(users, COLD)
        for _ in range(8):
            drawn = torch.randint(count, users.shape, device=users.device)
            key = users * count + drawn
            place = torch.searchsorted(keys, key)
            unknown = torch.ones_like(key, dtype=torch.bool)
            if len(keys):
                unknown = keys[place.clamp(max=len(keys) - 1)] != key
            rivals = torch.where((rivals == COLD) & unknown, drawn, rivals)
        return rivals

    @property
    def _known_keys(self) -> Int[Tensor, " n"]:
        """The known pairs in ascending order, as user · number of items + item."""
        if self._keys is None or self._keys.device != self.known_items.device:
            counts = self.known_starts.diff()
            users = torch.arange(len(counts), device=counts.device).repeat_interleave(counts)
            self._keys = users * self.factorization.num_items + self.known_items[: len(users)]
        return self._keys

    def _losses(self, batch: RatingBatch) -> tuple[Tensor, Tensor]:
        """The mean loss and the mean penalty of a training batch, for autograd."""
        network, loss, users, items, ratings, rivals = self._training_inputs(batch)
        scores = network(users, items)
        rows, vectors = [network.users[users]], [network.items[items]]
        if rivals is not None:
            scores, ratings = scores - network(users, rivals), torch.ones_like(scores)
        if network.user_bias is not None:
            rows.append(network.user_bias[users, None])
            vectors.append(network.item_bias[items, None])
        return loss(scores, ratings.to(scores.dtype)), loss.penalty(torch.cat(rows, 1), torch.cat(vectors, 1))

    @torch.no_grad()
    def _clamp(self) -> None:
        if self.factorization.nonnegative:
            for factors in (self.factorization.users, self.factorization.items):
                factors.clamp_(min=0)

    def on_train_epoch_end(self) -> None:
        """Logs the training metrics, and passes the monitored value to a plateau schedule."""
        super().on_train_epoch_end()
        schedule: Any = self.lr_schedulers()
        if isinstance(schedule, ReduceLROnPlateau) and self.monitor in self.trainer.callback_metrics:
            schedule.step(self.trainer.callback_metrics[self.monitor])


def _one_group(module: nn.Module) -> list[dict[str, Any]]:
    """All parameters: penalties are part of the loss."""
    return [{"params": [parameter for parameter in module.parameters() if parameter.requires_grad]}]
