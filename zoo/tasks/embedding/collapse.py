"""Detection of a collapsed embedding, which maps all images to one point."""

import torch
from jaxtyping import Float
from torch import Tensor

COLLAPSED_SPREAD = 0.1
NEAR_MARGIN = 0.05
ALL_ACTIVE = 0.95

ADVICE = (
    "mine SemiHard or Curriculum instead of BatchHard (model.loss.miner._target_=zoo.losses.miners.SemiHard), lower "
    "optimizer.lr, or let the run mend itself with callbacks=collapse_recovery"
)


def spread(embeddings: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
    """Root mean squared distance of the embeddings to their mean.

    On the unit sphere: near 1 for random directions, 0 for equal ones.
    """
    return embeddings.var(dim=0, correction=0).sum().clamp_min(0).sqrt()


def collapse_signs(spread: float, active: float, loss: float, margin: float | None) -> list[str]:
    """Signs of a collapse, in words; empty for a healthy embedding.

    `active` is the share of triplets that violate the margin. After a collapse every triplet is active and the loss
    equals `margin`. Early hard mining looks the same, so both signs need a small spread as well.
    """
    if not torch.isfinite(torch.tensor([spread, loss])).all():
        return [f"the embeddings are no longer finite (spread {spread}, loss {loss})"]
    if spread >= COLLAPSED_SPREAD:
        return []
    signs = [f"embedding spread {spread:.4f}, where 1 is healthy"]
    if margin is not None and abs(loss - margin) <= NEAR_MARGIN * margin:
        signs.append(f"loss {loss:.4f} at the margin {margin}")
    if active >= ALL_ACTIVE:
        signs.append(f"{active:.0%} of the triplets active")
    return signs
