"""Fills masked tokens with the most probable ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from zoo.data.text.tokenizer import MASK, Tokenizer
from zoo.prediction.texts import Text, in_batches
from zoo.tasks.text_task import TextTask

BATCH_SIZE = 64  # texts

Guess = tuple[str, float]
"""A token and its probability."""


@dataclass(frozen=True)
class FilledText:
    """The guesses for one text; one that cannot be filled has an error and no guesses."""

    place: str
    """The file and line of the text, or its number."""
    text: str
    filled: str | None = None
    """The text with the best guesses in place of its masks, as the tokenizer writes it."""
    guesses: tuple[tuple[Guess, ...], ...] = ()
    """For each mask the best tokens, best first."""
    truncated: bool = False
    """Whether the text has more tokens than the model reads."""
    error: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The result as plain values, for JSON."""
        return {
            "place": self.place,
            "text": self.text,
            "filled": self.filled,
            "guesses": [[{"token": token, "probability": value} for token, value in each] for each in self.guesses],
            "truncated": self.truncated,
            "error": self.error,
        }


@torch.inference_mode()
def fill(task: TextTask, texts: Sequence[Text], *, top: int, batch_size: int = BATCH_SIZE) -> list[FilledText]:
    """The `top` best tokens for each mask of each text."""
    tokenizer: Tokenizer = task.tokenizer()
    results = []
    for batch in in_batches(texts, batch_size):
        tokens, truncated = task.tokenize([text.text for text in batch], tokenizer)
        positions = [row.nonzero().flatten() for row in tokens == tokenizer.mask_id]
        best = _best(task, tokens, positions, top)
        for text, ids, where, cut, guesses in zip(batch, tokens, positions, truncated, best, strict=True):
            results.append(_filled(text, ids, where, cut, guesses, tokenizer))
    return results


def _best(task: TextTask, tokens: Int[Tensor, "b t"], positions: Sequence[Int[Tensor, " _"]], top: int) -> Any:
    """The probabilities and numbers of the best tokens at the positions of each text, each [M K].

    The network gives logits of these positions alone: those of every token of long texts take gigabytes.
    """
    padded = pad_sequence([*positions], batch_first=True)
    logits = task.network(tokens, None, padded).tokens.float()
    values, numbers = logits.softmax(2).topk(min(top, logits.shape[2]))
    return [(values[row, : len(each)], numbers[row, : len(each)]) for row, each in enumerate(positions)]


def _filled(
    text: Text,
    ids: Int[Tensor, " t"],
    positions: Int[Tensor, " m"],
    truncated: bool,
    best: tuple[Float[Tensor, "m k"], Int[Tensor, "m k"]],
    tokenizer: Tokenizer,
) -> FilledText:
    if not len(positions):
        where = f" in its first {len(ids)} tokens" if truncated else ""
        return FilledText(*text, truncated=truncated, error=f"the text has no {MASK}{where}")
    values, numbers = best
    special = {tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id}
    filled = [each for each in ids.scatter(0, positions, numbers[:, 0]).tolist() if each not in special]
    guesses = tuple(
        tuple((tokenizer.token(token), value) for token, value in zip(row, shares, strict=True))
        for row, shares in zip(numbers.tolist(), values.tolist(), strict=True)
    )
    return FilledText(*text, tokenizer.decode(filled), guesses, truncated)
