"""Language: guesses masked words, and whether two sentences follow each other."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric, MetricCollection

from zoo.config.instantiate import argument
from zoo.data.text.pretraining import MaskedBatch
from zoo.metrics.mean import MeanLoss
from zoo.ops.masking import IGNORED
from zoo.prediction.texts import Text
from zoo.tasks.diagnosable import Chance
from zoo.tasks.language.filling import FilledText, fill
from zoo.tasks.language.metrics import MaskedTokens, NextSentence, TotalLoss
from zoo.tasks.language.plateau import ADVICE
from zoo.tasks.stages import Stage
from zoo.tasks.text_task import TextTask

_NOMINAL_TOKENS = 128
_MASKED_SHARE = 0.15


class Language(TextTask):
    """Pre-training of `MaskedBatch`: a network guesses masked tokens, and whether the second sentence is random.

    Source: Devlin et al., "BERT", 2018, arXiv:1810.04805. Without `next_sentence` there is no second guess, as in
    RoBERTa (Liu et al., 2019, arXiv:1907.11692). `unigram_entropy` is the loss in nats of a model that knows word
    frequencies alone; a run whose loss stays there has learned nothing else.
    """

    kind = "language"
    monitor = "val/mlm_loss"
    monitor_mode = "min"
    measured_metadata = frozenset({"unigram_entropy"})
    double_precision = True  # of sums over the tokens of a split

    def __init__(
        self, *, network: nn.Module, loss: nn.Module, next_sentence: bool = True, unigram_entropy: float | None = None
    ) -> None:
        metrics: dict[str, Metric | MetricCollection] = {"tokens": MaskedTokens()}
        train_metrics: dict[str, Metric | MetricCollection] = {"mlm_loss": MeanLoss()}
        if next_sentence:
            metrics["next_sentence"] = NextSentence()
            train_metrics["nsp_loss"] = MeanLoss()
        super().__init__(
            network=network,
            loss=loss,
            metrics=MetricCollection(metrics),
            train_metrics=MetricCollection(train_metrics),
        )
        self.val_metrics["loss"], self.test_metrics["loss"] = TotalLoss(), TotalLoss()
        self.next_sentence = next_sentence
        self.unigram_entropy = unigram_entropy

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """Tokens, segments, and the positions to predict."""
        return (batch.tokens, batch.segments, batch.positions)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros in the shape of a batch."""
        return None if self.length is None else _inputs(batch_size, self.length)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """One text of 128 tokens, or of as many as the network has positions."""
        return _inputs(1, min(argument(network, "max_positions", _NOMINAL_TOKENS), _NOMINAL_TOKENS))

    def fill_mask(self, texts: Sequence[str], *, top: int) -> list[FilledText]:
        """The best `top` tokens in place of each `[MASK]`."""
        return fill(self, [Text(str(number), text) for number, text in enumerate(texts)], top=top)

    def chance(self) -> Chance | None:
        """The entropy of word frequencies; pre-training passes it within a tenth of its steps, or never."""
        if self.unigram_entropy is None:
            return None
        return Chance(self.unigram_entropy, "the entropy of word frequencies", ADVICE, metric="val/mlm_loss")

    def step(self, batch: MaskedBatch, stage: Stage) -> Tensor:
        """The sum of both losses."""
        logits, next_logits = self.forward_network(*self.network_inputs(batch))
        losses = self.loss(logits, batch.labels, next_logits, batch.is_random)
        metrics, masked = self.metrics[stage], batch.labels.ne(IGNORED).sum()
        if stage == "train":
            metrics["mlm_loss"].update(losses.masked, masked)
            if self.next_sentence:
                metrics["nsp_loss"].update(losses.next_sentence, len(batch.is_random))
        else:
            metrics["loss"].update(losses, masked, len(batch.is_random))
            metrics["tokens"].update(logits, batch.labels)
            if self.next_sentence:
                metrics["next_sentence"].update(next_logits, batch.is_random)
        total: Tensor = losses.total
        return total

    def _step_with_loss(self, batch: MaskedBatch, stage: Stage) -> Tensor:
        """As in the base class, but for evaluation, where `step` measures the loss exactly."""
        return super()._step_with_loss(batch, stage) if stage == "train" else self.step(batch, stage)


def _inputs(batch_size: int, length: int) -> tuple[Tensor, ...]:
    tokens = torch.zeros(batch_size, length, dtype=torch.long)
    masked = max(1, round(_MASKED_SHARE * length))
    return (tokens, tokens, torch.zeros(batch_size, masked, dtype=torch.long))
