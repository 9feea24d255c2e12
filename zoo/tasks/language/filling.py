"""Fills masked tokens with the most probable ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Int
from torch import Tensor, nn

from zoo.data.text.tokenizer import MASK, Tokenizer

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
def fill(
    network: nn.Module,
    tokens: Int[Tensor, "b t"],
    truncated: Sequence[bool],
    places: Sequence[str],
    texts: Sequence[str],
    tokenizer: Tokenizer,
    top: int,
) -> list[FilledText]:
    """Fills the masks of a batch of tokenized texts."""
    masked = tokens == tokenizer.mask_id
    logits = network(tokens).tokens[masked].float()
    values, numbers = logits.softmax(1).topk(min(top, logits.shape[1]))
    rows = iter(zip(values.tolist(), numbers.tolist(), strict=True))
    results = []
    for number, (place, text) in enumerate(zip(places, texts, strict=True)):
        found = [next(rows) for _ in range(int(masked[number].sum()))]
        if not found:
            where = f" in its first {tokens.shape[1]} tokens" if truncated[number] else ""
            results.append(FilledText(place, text, truncated=truncated[number], error=f"the text has no {MASK}{where}"))
            continue
        ids = tokens[number].clone()
        ids[masked[number]] = torch.tensor([best[0] for _, best in found], device=ids.device)
        special = {tokenizer.cls_id, tokenizer.sep_id, tokenizer.pad_id}
        guesses = tuple(
            tuple((tokenizer.token(token), value) for token, value in zip(best, shares, strict=True))
            for shares, best in found
        )
        filled = tokenizer.decode([each for each in ids.tolist() if each not in special])
        results.append(FilledText(place, text, filled, guesses, truncated[number]))
    return results
