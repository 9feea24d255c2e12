"""Base class of tasks whose network reads token ids."""

from collections.abc import Sequence
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from zoo.errors import ZooError
from zoo.networks.bert import Bert, mean_of_tokens
from zoo.prediction.texts import in_batches, read_texts, resolve_texts
from zoo.tasks.base import Task

_POOLINGS = ("mean", "cls")


class TextTask(Task):
    """A task of texts; its card holds the tokenizer."""

    def preprocessing_entries(self) -> tuple[str, ...]:
        """The tokenizer, and the numbers of tokens that the data had and that the network takes."""
        return ("tokenizer", "length", "positions")

    def resolve_source(self, source: Any) -> Any:
        """A path, or a list of texts."""
        return resolve_texts(source)

    @property
    def length(self) -> int | None:
        """The largest number of tokens of a text, special ones included; None if the card has no tokenizer."""
        preprocessing = self.card.get("preprocessing")
        return None if preprocessing is None else int(preprocessing["length"])

    def tokenizer(self) -> Any:
        """The tokenizer of the card, as a `zoo.data.text.tokenizer.Tokenizer`.

        Raises:
            ZooError: the card has none.
        """
        from zoo.data.text.tokenizer import Tokenizer  # its package is optional

        if "tokenizer" not in self.card.get("preprocessing", {}):
            raise ZooError("this model has no tokenizer: load it from a checkpoint, or with pretrained weights")
        return Tokenizer(self.card["preprocessing"]["tokenizer"])

    def read_texts(self, source: Any, column: str | None = None) -> list[Any]:
        """The texts of a resolved source; `column` of a table is by default that of the training data."""
        return read_texts(source, column or self.card.get("text_column", "text"))

    def tokenize(self, texts: Sequence[str], tokenizer: Any) -> tuple[Int[Tensor, "b t"], list[bool]]:
        """Token ids of texts as one batch on the task's device, and which texts were truncated."""
        from zoo.data.text.labeled import encode, padded

        assert self.length is not None  # there is a tokenizer
        tokens, truncated = encode(texts, tokenizer, self.length)
        return padded(tokens, tokenizer.pad_id).to(self.device), truncated

    @torch.inference_mode()
    def features(self, source: Any, *, batch_size: int, pooling: str | None = None) -> Float[Tensor, "n d"]:
        """The mean vector of the tokens of each text, or that of `[CLS]`.

        `pooling` is by default that of sentence-transformers' weights, else mean.

        Raises:
            ZooError: no tokenizer, no text, another pooling, or a network without an encoder.
        """
        bert = getattr(self.network, "bert", None)
        if not isinstance(bert, Bert):
            raise ZooError(f"{type(self.network).__name__} gives no vectors of texts: take a BERT")
        if pooling is not None and pooling not in _POOLINGS:
            raise ZooError(f"`pooling` (={pooling}) must be {' or '.join(_POOLINGS)}")
        tokenizer, vectors = self.tokenizer(), []
        for batch in in_batches(self.read_texts(self.resolve_source(source)), batch_size):
            tokens, _ = self.tokenize([text.text for text in batch], tokenizer)
            vectors.append(self._pool(bert(tokens).hidden, tokens.ne(bert.pad_id), pooling).float().cpu())
        return torch.cat(vectors)

    def _pool(
        self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b t"], pooling: str | None
    ) -> Float[Tensor, "b h"]:
        preprocessing = self.card["preprocessing"]
        chosen = pooling or preprocessing.get("pooling")
        pooled = hidden[:, 0] if chosen == "cls" else mean_of_tokens(hidden, visible)
        return normalize(pooled, dim=1) if preprocessing.get("normalize") else pooled
