"""The loss of BERT's pre-training: masked tokens and next sentence."""

from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.ops.masking import IGNORED


class PretrainingLosses(NamedTuple):
    """Both losses in nats, and what training minimizes."""

    masked: Float[Tensor, ""]
    next_sentence: Float[Tensor, ""]
    """0 without this head."""
    total: Float[Tensor, ""]


class PretrainingLoss(nn.Module):
    """Sum of the mean cross-entropy of masked tokens and that of the next sentence.

    Source: Devlin et al., "BERT", 2018, arXiv:1810.04805, appendix A.2.
    """

    def forward(
        self,
        token_logits: Float[Tensor, "b p v"],
        labels: Int[Tensor, "b p"],
        next_logits: Float[Tensor, "b 2"] | None,
        is_random: Int[Tensor, " b"],
    ) -> PretrainingLosses:
        """Returns the losses; that of the tokens is 0, not NaN, if none is masked."""
        summed = F.cross_entropy(
            token_logits.flatten(0, 1).float(), labels.flatten(), ignore_index=IGNORED, reduction="sum"
        )
        masked = summed / labels.ne(IGNORED).sum().clamp(min=1)
        if next_logits is None:
            return PretrainingLosses(masked, torch.zeros_like(masked), masked)
        next_sentence = F.cross_entropy(next_logits.float(), is_random)
        return PretrainingLosses(masked, next_sentence, masked + next_sentence)
