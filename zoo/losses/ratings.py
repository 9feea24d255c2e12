"""Losses of scores against ratings, with the penalties of matrix factorization.

Each has a code for the compiled kernel, `forward` for torch, and `slope`, minus its derivative by the score. Penalties
stand inside the sum over observed ratings, as in LIBMF: rows with many ratings are penalized more often.
"""

from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError

Values = Float[Tensor, " b"]
_SMALLEST = 1e-10  # score of the Kullback-Leibler divergence, which is defined for positive scores


class RatingLoss(nn.Module):
    """The base of all: `l1` and `l2` penalize the rows of a rating's user and item.

    `item_l1` and `item_l2` replace them for items. The penalty is l1·‖row‖₁ + l2/2·‖row‖².

    Raises:
        ZooError: a negative penalty.
    """

    code: ClassVar[int]
    """The number of the loss in `zoo.ops.factor_kernels`."""
    pairwise: ClassVar[bool] = False
    """True if the score is the difference of an observed and an unobserved item."""
    labels: ClassVar[bool] = False
    """True if ratings are labels -1 and 1."""
    nonnegative: ClassVar[bool] = False
    """True if ratings and scores are at least 0."""

    def __init__(self, *, l2: float, l1: float, item_l2: float | None = None, item_l1: float | None = None) -> None:
        super().__init__()
        self.l1, self.l2 = l1, l2
        self.item_l1, self.item_l2 = l1 if item_l1 is None else item_l1, l2 if item_l2 is None else item_l2
        for name in ("l1", "l2", "item_l1", "item_l2"):
            if not getattr(self, name) >= 0:
                raise ZooError(f"`model.loss.{name}` (={getattr(self, name)}) must be at least 0")

    def forward(self, scores: Values, ratings: Values) -> Float[Tensor, ""]:
        """The mean loss, without penalties."""
        return self.each(scores, ratings).mean()

    def each(self, scores: Values, ratings: Values) -> Values:
        """The loss of each rating."""
        raise NotImplementedError

    def slope(self, scores: Values, ratings: Values) -> Values:
        """Minus the derivative of each loss by its score."""
        raise NotImplementedError

    def penalty(self, users: Float[Tensor, "b k"], items: Float[Tensor, "b k"]) -> Float[Tensor, ""]:
        """The mean penalty of the rows of users and items of a batch."""
        total = self.l2 / 2 * users.square().sum(1) + self.item_l2 / 2 * items.square().sum(1)
        return (total + self.l1 * users.abs().sum(1) + self.item_l1 * items.abs().sum(1)).mean()


class SquaredError(RatingLoss):
    """Half the squared error, so that `l2` means the same as LIBMF's."""

    code = 0

    def each(self, scores: Values, ratings: Values) -> Values:
        """½(r - ŷ)²."""
        return (ratings - scores).square() / 2

    def slope(self, scores: Values, ratings: Values) -> Values:
        """r - ŷ."""
        return ratings - scores


class AbsoluteError(RatingLoss):
    """The absolute error, robust to outliers."""

    code = 1

    def each(self, scores: Values, ratings: Values) -> Values:
        """|r - ŷ|."""
        return (ratings - scores).abs()

    def slope(self, scores: Values, ratings: Values) -> Values:
        """sign(r - ŷ)."""
        return (ratings - scores).sign()


class GeneralizedKL(RatingLoss):
    """The generalized Kullback-Leibler divergence of counts, for non-negative factors."""

    code = 2
    nonnegative = True

    def each(self, scores: Values, ratings: Values) -> Values:
        """r log(r / ŷ) - r + ŷ."""
        scores = scores.clamp(min=_SMALLEST)
        return torch.xlogy(ratings, ratings) - torch.xlogy(ratings, scores) - ratings + scores

    def slope(self, scores: Values, ratings: Values) -> Values:
        """r / ŷ - 1."""
        return ratings / scores.clamp(min=_SMALLEST) - 1


class Logistic(RatingLoss):
    """The logistic loss of labels ±1; the sigmoid of a score is a probability."""

    code = 3
    labels = True

    def each(self, scores: Values, ratings: Values) -> Values:
        """log(1 + exp(-rŷ))."""
        return F.softplus(-ratings * scores)

    def slope(self, scores: Values, ratings: Values) -> Values:
        """r / (1 + exp(rŷ))."""
        return ratings * torch.sigmoid(-ratings * scores)


class Hinge(RatingLoss):
    """The hinge loss of labels ±1."""

    code = 4
    labels = True

    def each(self, scores: Values, ratings: Values) -> Values:
        """max(0, 1 - rŷ)."""
        return (1 - ratings * scores).clamp(min=0)

    def slope(self, scores: Values, ratings: Values) -> Values:
        """r where rŷ < 1, else 0."""
        return torch.where(ratings * scores < 1, ratings, 0)


class SquaredHinge(RatingLoss):
    """Half the squared hinge loss of labels ±1."""

    code = 5
    labels = True

    def each(self, scores: Values, ratings: Values) -> Values:
        """½max(0, 1 - rŷ)²."""
        return (1 - ratings * scores).clamp(min=0).square() / 2

    def slope(self, scores: Values, ratings: Values) -> Values:
        """r·max(0, 1 - rŷ)."""
        return ratings * (1 - ratings * scores).clamp(min=0)


class PairwiseLogistic(Logistic):
    """Bayesian personalized ranking: the logistic loss of the score difference of an observed and an unobserved item.

    Source: Rendle et al., 2009, arXiv:1205.2618.
    """

    pairwise = True
    labels = False
