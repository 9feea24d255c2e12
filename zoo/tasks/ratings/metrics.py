"""Metrics of predicted ratings, labels and counts."""

import torch
from jaxtyping import Float
from torch import Tensor
from torchmetrics import Metric
from torchmetrics.functional.classification import binary_auroc

Values = Float[Tensor, " b"]


class RatingErrors(Metric):
    """`rmse` and `mae`, in double precision."""

    full_state_update = False
    square: Tensor
    absolute: Tensor
    count: Tensor

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        for name in ("square", "absolute", "count"):
            self.add_state(name, default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, predicted: Values, ratings: Values) -> None:
        """Adds a batch."""
        error = predicted.double() - ratings.double()
        self.square += error.square().sum()
        self.absolute += error.abs().sum()
        self.count += len(error)

    def compute(self) -> dict[str, Tensor]:
        """Both errors; NaN before the first update."""
        return {"rmse": (self.square / self.count).sqrt(), "mae": self.absolute / self.count}


class CountErrors(RatingErrors):
    """`kl`, the mean generalized Kullback-Leibler divergence, `rmse` and `mae`."""

    divergence: Tensor

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.add_state("divergence", default=torch.tensor(0.0, dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, predicted: Values, ratings: Values) -> None:
        """Adds a batch of positive predictions."""
        super().update(predicted, ratings)
        rate, count = predicted.double().clamp(min=1e-10), ratings.double()
        self.divergence += (torch.xlogy(count, count / rate) - count + rate).sum()

    def compute(self) -> dict[str, Tensor]:
        """All errors."""
        return super().compute() | {"kl": self.divergence / self.count}


class LabelErrors(Metric):
    """`log_loss`, `accuracy` and `auc` of the probability of label 1; labels are -1 and 1."""

    full_state_update = False
    probabilities: list[Tensor]
    labels: list[Tensor]

    def __init__(self, *, sync_on_compute: bool = True) -> None:
        super().__init__(sync_on_compute=sync_on_compute)
        self.add_state("probabilities", default=[], dist_reduce_fx="cat")
        self.add_state("labels", default=[], dist_reduce_fx="cat")

    def update(self, predicted: Values, ratings: Values) -> None:
        """Adds a batch."""
        self.probabilities.append(predicted)
        self.labels.append(ratings > 0)

    def compute(self) -> dict[str, Tensor]:
        """All three; the AUC is NaN with labels of one kind only."""
        if not len(self.labels):
            return {name: torch.tensor(torch.nan) for name in ("log_loss", "accuracy", "auc")}
        chance, labels = _joined(self.probabilities).double(), _joined(self.labels)
        right = torch.where(labels, chance, 1 - chance)
        both = bool(labels.any()) and not bool(labels.all())
        return {
            "log_loss": -right.clamp(min=1e-12).log().mean(),
            "accuracy": (labels == (chance > 0.5)).double().mean(),
            "auc": binary_auroc(chance, labels.int()).double() if both else torch.tensor(torch.nan),
        }


def _joined(values: list[Tensor] | Tensor) -> Tensor:
    return values if isinstance(values, Tensor) else torch.cat(values)
