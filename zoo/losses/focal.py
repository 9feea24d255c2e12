"""Focal losses, which down-weight well-classified predictions."""

from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError


def focal_bce(
    logits: Float[Tensor, "*shape"], targets: Float[Tensor, "*shape"], gamma: float = 0.0
) -> Float[Tensor, "*shape"]:
    """Computes element-wise |target − σ(logit)|^γ × BCE; γ = 0 is the plain binary cross-entropy.

    Lin et al. 2017 (arXiv:1708.02002) for targets of 0 and 1, without α; Li et al. 2020 (arXiv:2006.04388) for
    soft targets.
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return loss if gamma == 0 else loss * (targets - logits.sigmoid()).abs().pow(gamma)


class FocalCrossEntropy(nn.Module):
    """Cross-entropy weighted by (1 - p)^`gamma`, p the probability of the class; `gamma=0` is the plain cross-entropy.

    Source: Lin et al. 2017 (arXiv:1708.02002), for a softmax over exclusive classes.

    Raises:
        ZooError: a negative exponent.
    """

    def __init__(self, *, gamma: float = 2.0) -> None:
        super().__init__()
        if gamma < 0:
            raise ZooError(f"`gamma` (={gamma}) must not be negative")
        self.gamma = gamma

    def forward(
        self, logits: Float[Tensor, "b k"], target: Int[Tensor, " b"] | Float[Tensor, "b k"]
    ) -> Float[Tensor, ""]:
        """Returns the mean over the batch, in nats; a target of class probabilities weights the classes."""
        log_probabilities = logits.log_softmax(1)
        losses = -(1 - log_probabilities.exp()).clamp_min(1e-12).pow(self.gamma) * log_probabilities
        if target.ndim == 1:
            return losses.gather(1, target[:, None]).mean()
        return (losses * target).sum(1).mean()
