"""Binary cross-entropy of classifiers."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


class BinaryCrossEntropy(nn.Module):
    """Binary cross-entropy of each class, averaged over classes and batch.

    Source: Wightman et al., "ResNet strikes back", 2021, arXiv:2110.00476, section 4. With `threshold`, every class
    with a larger share of a mixed image is fully present. Label smoothing: Szegedy et al., 2015, arXiv:1512.00567. The
    softmax of such a model ranks classes; its probabilities are not calibrated.

    Raises:
        ZooError: smoothing or threshold outside [0, 1).
    """

    def __init__(self, *, label_smoothing: float = 0.0, threshold: float | None = None) -> None:
        super().__init__()
        for name, value in (("label_smoothing", label_smoothing), ("threshold", threshold)):
            if value is not None and not 0.0 <= value < 1.0:
                raise ZooError(f"`{name}` (={value}) must lie in [0, 1)")
        self.label_smoothing = label_smoothing
        self.threshold = threshold

    def forward(
        self, logits: Float[Tensor, "b k"], target: Int[Tensor, " b"] | Float[Tensor, "b k"]
    ) -> Float[Tensor, ""]:
        """Returns the mean over classes and batch, in nats."""
        shares = target if target.ndim > 1 else F.one_hot(target, logits.shape[1])
        shares = shares.to(torch.float32)
        shares = shares * (1 - self.label_smoothing) + self.label_smoothing / logits.shape[1]
        if self.threshold is not None:
            shares = (shares > self.threshold).to(torch.float32)
        return F.binary_cross_entropy_with_logits(logits.float(), shares)
