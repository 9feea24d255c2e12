"""Texts with class labels."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from zoo.data.base import Split
from zoo.data.options import require_fractions
from zoo.data.splits import cut_splits
from zoo.data.text.base import TextData
from zoo.data.text.problems import log_repeated, log_truncated, log_unknown
from zoo.data.text.sentences import pieces
from zoo.data.text.tokenizer import Tokenizer
from zoo.errors import ZooError

_LONG = 10_000  # characters of a text that are tokenized at once


class LabeledTexts(NamedTuple):
    """Texts and the numbers of their classes."""

    texts: list[str]
    labels: Int[np.ndarray, " n"]

    def part(self, indices: Int[np.ndarray, " m"]) -> "LabeledTexts":
        """The texts with these indices."""
        return LabeledTexts([self.texts[index] for index in indices], self.labels[indices])


class TokenizedTexts:
    """Labeled texts as token ids; a batch is `(tokens [B T], labels [B])`, padded to its longest text."""

    in_memory = True  # gathering is too cheap for a worker process

    def __init__(self, data: LabeledTexts, tokenizer: Tokenizer, length: int) -> None:
        self.texts = data.texts
        self.labels = torch.from_numpy(data.labels)
        self.tokens, self.truncated = encode(data.texts, tokenizer, length)
        self.pad_id = tokenizer.pad_id

    def __len__(self) -> int:
        return len(self.labels)

    def lengths(self, indices: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """Number of tokens of each text, special tokens included."""
        return torch.tensor([len(self.tokens[index]) for index in indices.tolist()])

    def __getitem__(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        return padded([self.tokens[index] for index in indices.tolist()], self.pad_id), self.labels[indices]


def encode(texts: Sequence[str], tokenizer: Tokenizer, length: int) -> tuple[list[Int[Tensor, " t"]], list[bool]]:
    """Token ids of each text with `[CLS]` and `[SEP]`, at most `length`, and whether the text was truncated."""
    room = length - 2
    encoded = tokenizer.encode(["" if len(text) > _LONG else text for text in texts])
    for number, text in enumerate(texts):
        if len(text) > _LONG:
            encoded[number] = _beginning(text, tokenizer, room)
    ids = [torch.tensor([tokenizer.cls_id, *tokens[:room], tokenizer.sep_id]) for tokens in encoded]
    return ids, [len(tokens) > room for tokens in encoded]


def _beginning(text: str, tokenizer: Tokenizer, room: int) -> list[int]:
    """More than `room` tokens of a long text, or all; the rest would take much memory for nothing."""
    tokens: list[int] = []
    for piece in pieces(text, _LONG):
        tokens += tokenizer.encode([piece])[0]
        if len(tokens) > room:
            break
    return tokens


def padded(tokens: Sequence[Int[Tensor, " _"]], pad_id: int) -> Int[Tensor, "b t"]:
    """The sequences as one batch."""
    return torch.nn.utils.rnn.pad_sequence(list(tokens), batch_first=True, padding_value=pad_id)


@dataclass(kw_only=True, eq=False)
class TextClassificationData(TextData):
    """Labeled texts; a missing split is cut out of the training texts, with the same fraction of each class.

    Raises:
        ZooError: fractions that leave nothing to train on.
    """

    feeds = frozenset({"text classification"})

    val_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fractions(self.val_fraction, self.test_fraction)
        self.class_names: list[str]
        """Set by `load`."""
        if self.length < 3:
            raise ZooError(f"`data.length` (={self.length}) must be at least 3: [CLS], a token and [SEP]")

    @abstractmethod
    def read(self) -> tuple[dict[Split, LabeledTexts], list[str]]:
        """The texts of the given splits, training among them, and the class names.

        Raises:
            ZooError: the data is missing or unusable.
        """

    def load(self) -> dict[str, Any]:
        """Cuts the missing splits and tokenizes all.

        Raises:
            ZooError: the data is missing or unusable, or a class has too few texts.
        """
        given, self.class_names = self.read()
        fractions: dict[Split, float] = {"test": self.test_fraction, "val": self.val_fraction}
        splits = cut_splits(given, self.class_names, fractions, self.seed, "texts")
        self.tokenizer = self.make_tokenizer(lambda: splits["train"].texts)
        log_repeated({name: [*zip(part.texts, part.labels.tolist(), strict=True)] for name, part in splits.items()})
        datasets = {str(name): TokenizedTexts(part, self.tokenizer, self.length) for name, part in splits.items()}
        train = datasets["train"]
        log_truncated(train.truncated, self.length)
        tokens = torch.cat(train.tokens)
        unknown = int((tokens == self.tokenizer.unknown_id).sum())
        log_unknown(unknown, len(tokens) - 2 * len(train), adopted=bool(self.adopted))
        return dict(datasets)

    def metadata(self) -> dict[str, Any]:
        """Sizes of the vocabulary and of a text, and the number of classes."""
        return super().metadata() | {"num_classes": len(self.class_names)}

    def card(self) -> dict[str, Any]:
        """Tokenizer, class names, and the name of the column of texts."""
        return super().card() | {"class_names": list(self.class_names)}
