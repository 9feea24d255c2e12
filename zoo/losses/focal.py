"""Focal binary cross-entropy, with a low weight for predictions that are already right."""

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


def focal_bce(
    logits: Float[Tensor, "*shape"], targets: Float[Tensor, "*shape"], gamma: float = 0.0
) -> Float[Tensor, "*shape"]:
    """Element-wise |target − σ(logit)|^γ times the cross-entropy; γ = 0 is the plain form.

    Lin et al. 2017 (arXiv:1708.02002) for targets of 0 and 1, without its α; for targets between as in
    Li et al. 2020 (arXiv:2006.04388).
    """
    loss = F.binary_cross_entropy_with_logits(logits, targets, reduction="none")
    return loss if gamma == 0 else loss * (targets - logits.sigmoid()).abs().pow(gamma)
