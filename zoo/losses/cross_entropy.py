"""Cross-entropy."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class CrossEntropy(nn.Module):
    """Cross-entropy of logits against class indices or class probabilities, averaged over the batch.

    Label smoothing: Szegedy et al., "Rethinking the Inception Architecture", 2015, arXiv:1512.00567.

    Raises:
        ZooError: smoothing outside [0, 1), or class weights that are not positive.
    """

    class_weights: Tensor | None

    def __init__(self, *, label_smoothing: float = 0.0, class_weights: list[float] | None = None) -> None:
        super().__init__()
        if not 0.0 <= label_smoothing < 1.0:
            raise ZooError(f"`label_smoothing` (={label_smoothing}) must lie in [0, 1)")
        if class_weights is not None and min(class_weights) <= 0:
            raise ZooError(f"`class_weights` (={class_weights}) must be positive")
        self.label_smoothing = label_smoothing
        weights = None if class_weights is None else torch.tensor(class_weights)
        self.register_buffer("class_weights", weights)

    def forward(
        self, logits: Float[Tensor, "b k"], target: Int[Tensor, " b"] | Float[Tensor, "b k"]
    ) -> Float[Tensor, ""]:
        """Returns the mean over the batch, in nats."""
        return F.cross_entropy(logits, target, weight=self.class_weights, label_smoothing=self.label_smoothing)
