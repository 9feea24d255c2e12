"""Focal binary cross-entropy, which down-weights well-classified predictions."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def focal_bce(
    logits: Float[Tensor, "*shape"], targets: Float[Tensor, "*shape"], gamma: float = 0.0
) -> Float[Tensor, "*shape"]:
    """Computes element-wise |target − σ(logit)|^γ × BCE; γ = 0 is the plain binary cross-entropy.

    Lin et al. 2017 (arXiv:1708.02002) for targets of 0 and 1, without α; Li et al. 2020 (arXiv:2006.04388) for
    soft targets.
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return loss if gamma == 0 else loss * (targets - logits.sigmoid()).abs().pow(gamma)
