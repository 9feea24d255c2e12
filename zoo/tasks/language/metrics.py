"""Metrics of pre-training: loss, perplexity and accuracy at masked tokens, and of the next sentence."""

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F
from torchmetrics import Metric

from zoo.losses.pretraining import PretrainingLosses
from zoo.ops.masking import IGNORED

BEST = 5


class MaskedTokens(Metric):
    """Mean cross-entropy over all masked tokens in nats, its exponential, and accuracy among the best 1 and 5."""

    full_state_update = False
    loss: Tensor
    best: Tensor
    among: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("loss", "best", "among", "count"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "b p v"], labels: Int[Tensor, "b p"]) -> None:
        """Adds a batch; positions with the label -100 do not count."""
        logits, labels = logits.flatten(0, 1).float(), labels.flatten()
        losses = F.cross_entropy(logits, labels, ignore_index=IGNORED, reduction="none")
        hits = logits.topk(min(BEST, logits.shape[1])).indices == labels[:, None]
        self.loss += losses.double().sum()
        self.best += hits[:, 0].sum()
        self.among += hits.sum()
        self.count += labels.ne(IGNORED).sum()

    def compute(self) -> dict[str, Tensor]:
        """Every value by name; NaN before the first masked token."""
        loss = self.loss / self.count
        return {
            "mlm_loss": loss.float(),
            "perplexity": loss.exp().float(),
            "accuracy": (self.best / self.count).float(),
            "top5": (self.among / self.count).float(),
        }


class NextSentence(Metric):
    """Mean cross-entropy in nats, and accuracy, of whether the second sentence is of another document."""

    full_state_update = False
    loss: Tensor
    correct: Tensor
    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("loss", "correct", "count"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, logits: Float[Tensor, "b 2"], is_random: Int[Tensor, " b"]) -> None:
        """Adds a batch."""
        self.loss += F.cross_entropy(logits.double(), is_random, reduction="sum")
        self.correct += (logits.argmax(1) == is_random).sum()
        self.count += len(is_random)

    def compute(self) -> dict[str, Tensor]:
        """Both values by name."""
        return {"nsp_loss": (self.loss / self.count).float(), "nsp_accuracy": (self.correct / self.count).float()}


class TotalLoss(Metric):
    """Sum of the mean over all masked tokens and the mean over all pairs, in nats, whatever the batches were."""

    full_state_update = False
    masked: Tensor
    tokens: Tensor
    following: Tensor
    pairs: Tensor

    def __init__(self) -> None:
        super().__init__()
        for name in ("masked", "tokens", "following", "pairs"):
            self.add_state(name, default=torch.zeros((), dtype=torch.float64), dist_reduce_fx="sum")

    def update(self, losses: PretrainingLosses, tokens: Int[Tensor, ""], pairs: int) -> None:
        """Adds the losses of a batch with a number of masked tokens and of pairs."""
        self.masked += losses.masked.detach() * tokens
        self.tokens += tokens
        self.following += losses.next_sentence.detach() * pairs
        self.pairs += pairs

    def compute(self) -> Tensor:
        """The sum; NaN before the first masked token."""
        return (self.masked / self.tokens + self.following / self.pairs).float()
