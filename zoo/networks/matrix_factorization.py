"""Matrix factorization."""

import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor, nn

from zoo.errors import ZooError


class MatrixFactorization(nn.Module):
    """The score of a user and an item: the product of their factors, plus biases and the mean rating.

    With `centered`, scores start at `mean_rating`. With `nonnegative`, factors start positive and the trainer keeps
    them so, as in non-negative matrix factorization (Lee and Seung, 2001); biases and the mean are then left out.
    Factors start normal with deviation `initial_std`, or uniform on [0, 2·√(mean_rating / factors)) if non-negative.

    Koren, Bell and Volinsky, "Matrix Factorization Techniques for Recommender Systems", 2009.

    Raises:
        ZooError: fewer than one factor, or biases or a mean beside non-negative factors.
    """

    def __init__(
        self,
        *,
        num_users: int = 1000,
        num_items: int = 1000,
        factors: int = 40,
        biases: bool = True,
        centered: bool = True,
        nonnegative: bool = False,
        mean_rating: float = 1.0,
        initial_std: float = 0.02,
    ) -> None:
        super().__init__()
        if factors < 1:
            raise ZooError(f"`model.network.factors` (={factors}) must be at least 1")
        if nonnegative and (biases or centered):
            raise ZooError(
                "`model.network.nonnegative` (=true) goes without biases and mean: "
                "add +model.network.biases=false +model.network.centered=false"
            )
        self.num_users, self.num_items, self.factors = num_users, num_items, factors
        self.biases, self.nonnegative = biases, nonnegative
        self.mean = mean_rating if centered else 0.0
        self.users = nn.Parameter(torch.empty(num_users, factors))
        self.items = nn.Parameter(torch.empty(num_items, factors))
        self.user_bias = nn.Parameter(torch.zeros(num_users)) if biases else None
        self.item_bias = nn.Parameter(torch.zeros(num_items)) if biases else None
        for values in (self.users, self.items):
            if nonnegative:
                nn.init.uniform_(values, 0.0, 2.0 * (max(mean_rating, 1e-6) / factors) ** 0.5)
            else:
                nn.init.normal_(values, std=initial_std)

    def forward(self, users: Shaped[Tensor, " b"], items: Shaped[Tensor, " b"]) -> Float[Tensor, " b"]:
        """Returns the score of each pair of a user and an item."""
        users, items = users.long(), items.long()
        scores = (self.users[users] * self.items[items]).sum(1) + self.mean
        if self.user_bias is not None and self.item_bias is not None:
            scores = scores + self.user_bias[users] + self.item_bias[items]
        return scores

    def all_items(self, users: Int[Tensor, " b"]) -> Float[Tensor, "b n"]:
        """Returns the scores of every item for each user."""
        scores = self.users[users] @ self.items.T + self.mean
        if self.user_bias is not None and self.item_bias is not None:
            scores = scores + self.user_bias[users, None] + self.item_bias
        return scores
