"""Masks tokens for masked language modeling."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from zoo.ops.constants import constant

IGNORED = -100
"""The label of a position that is not predicted."""
_MASKED, _RANDOM = 0.8, 0.1  # shares of the selected tokens


class Masked(NamedTuple):
    """Tokens in which some are replaced, with the positions and the originals of those to predict."""

    tokens: Int[Tensor, "b t"]
    positions: Int[Tensor, "b p"]
    labels: Int[Tensor, "b p"]
    """`IGNORED` in the rows of short sequences, which have fewer to predict."""


def mask_tokens(
    tokens: Int[Tensor, "b t"],
    noise: Float[Tensor, "b t3"],
    *,
    share: float,
    special_ids: tuple[int, ...],
    pad_id: int,
    mask_id: int,
    vocab_size: int,
    continues: Bool[Tensor, " v"] | None = None,
) -> Masked:
    """Selects `share` of the tokens of each sequence; replaces 80 % by `mask_id`, 10 % by random tokens, none else.

    At least one token is selected, and no special one. `noise` has three uniform numbers for each token. With
    `continues`, which marks the tokens that continue a word, words are selected in full. A word that would exceed the
    share is left out. Where all words are longer than the share, one is selected in part.

    Source: Devlin et al., "BERT", 2018, arXiv:1810.04805, section 3.1; the share counts special tokens, as its code
    does.
    """
    order, kind, other = noise.unflatten(1, (-1, 3)).unbind(2)  # those of a token do not depend on the padding
    special = (tokens[..., None] == constant(special_ids, tokens.device, torch.long)).any(2)
    first_of_word = None if continues is None else ~continues[tokens] | special | special.roll(1, dims=1)
    limits = _limits(tokens.ne(pad_id).sum(1, keepdim=True), share)
    if first_of_word is not None:
        word = first_of_word.long().cumsum(1) - 1
        pieces = torch.zeros_like(word).scatter_add(1, word, torch.ones_like(word)).gather(1, word)
        order = order.gather(1, word) + (pieces > limits)  # one number for each word, too long ones last
    order = order.masked_fill(special, 2.0)
    count = int(_limits(torch.tensor(tokens.shape[1]), share))
    positions = order.argsort(dim=1, stable=True)
    rank = torch.arange(count, device=tokens.device)
    selected = (rank < limits) & ~special.gather(1, positions[:, :count])
    if first_of_word is not None:
        selected &= _ends_within(first_of_word.gather(1, positions), limits)[:, :count]
    positions = positions[:, :count]
    originals = tokens.gather(1, positions)
    kind, other = kind.gather(1, positions), other.gather(1, positions)
    drawn = (other * vocab_size).long().clamp(max=vocab_size - 1)
    replaced = torch.where(kind < _MASKED, mask_id, torch.where(kind < _MASKED + _RANDOM, drawn, originals))
    return Masked(
        tokens.scatter(1, positions, torch.where(selected, replaced, originals)),
        positions,
        originals.masked_fill(~selected, IGNORED),
    )


def _limits(lengths: Int[Tensor, "*b"], share: float) -> Float[Tensor, "*b"]:
    """How many tokens of sequences are selected; one function, since roundings of doubles may differ by one."""
    return (share * lengths).round().clamp(min=1)


def _ends_within(first_of_word: Bool[Tensor, "b t"], limits: Float[Tensor, "b 1"]) -> Bool[Tensor, "b t"]:
    """Whether the word of each token, in the order of selection, ends within the limit, or is the first."""
    place = torch.arange(first_of_word.shape[1], device=first_of_word.device)
    number = first_of_word.long().cumsum(1)
    ends = torch.zeros_like(number).scatter_reduce_(1, number - 1, (place + 1).expand_as(number), "amax")
    return (ends.gather(1, number - 1) <= limits) | (number == 1)
