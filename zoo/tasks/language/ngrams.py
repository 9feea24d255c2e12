"""Models of adjacent tokens, as baselines of masked language modeling."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, Int

_ROUNDS = 30  # of expectation maximization
_ADDED = 0.1  # to each count of a token, so that none has probability 0

Tokens = Int[np.ndarray, " n"]
Shares = Float[np.ndarray, " m"]


class NGrams:
    """Interpolates the frequencies of a token: alone, after the token before it, and after the two before it.

    Source: Jelinek and Mercer, "Interpolated estimation of Markov source parameters", 1980; the weights are those with
    the highest likelihood on other tokens.
    """

    def __init__(self, tokens: Tokens, starts: Bool[np.ndarray, " n"], vocab_size: int, *, order: int) -> None:
        """Counts up to `order` adjacent tokens; `starts` marks the first token of each document."""
        self.vocab_size = vocab_size
        self.order = order
        counts = np.bincount(tokens, minlength=vocab_size) + _ADDED
        self.unigram: Shares = counts / counts.sum()
        self.weights: Shares = np.full(order, 1 / order)
        self._tables = [_Table(*self._keys(tokens, starts, back)) for back in range(1, order)]

    def shares(self, tokens: Tokens, starts: Bool[np.ndarray, " n"]) -> Float[np.ndarray, "order n"]:
        """The probability of each token by each of the frequencies."""
        found = [self.unigram[tokens]]
        for back, table in enumerate(self._tables, 1):
            found.append(table.shares(*self._keys(tokens, starts, back)))
        return np.stack(found)

    def fit(self, tokens: Tokens, starts: Bool[np.ndarray, " n"]) -> None:
        """Sets the weights of the interpolation by expectation maximization."""
        shares = self.shares(tokens, starts)
        for _ in range(_ROUNDS):
            parts = self.weights[:, None] * shares
            self.weights = (parts / parts.sum(0)).mean(1)

    def distribution(self, context: Sequence[int]) -> Float[np.ndarray, " v"]:
        """The probability of each token after a context of at least `order - 1` tokens, -1 where a document starts.

        The weight of an unknown context goes to the frequencies.
        """
        shares, left = np.zeros(self.vocab_size), 1.0
        for back, table in enumerate(self._tables, 1):
            past = context[len(context) - back :]
            key = -1 if -1 in past else int(_key(np.array(past)[:, None], self.vocab_size)[0])
            following, found = table.after(key)
            if len(following):
                shares[following] += self.weights[back] * found
                left -= self.weights[back]
        return shares + left * self.unigram

    def _keys(self, tokens: Tokens, starts: Bool[np.ndarray, " n"], back: int) -> tuple[Tokens, Tokens]:
        """The number of the tokens before each one, -1 if the document starts between them, and the token itself."""
        past = np.stack([np.roll(tokens, shift) for shift in range(back, 0, -1)]).astype(np.int64)
        within = np.cumsum(starts) == np.roll(np.cumsum(starts), back)
        within[:back] = False
        return np.where(within, _key(past, self.vocab_size), -1), tokens.astype(np.int64)


class _Table:
    """How often tokens follow contexts."""

    def __init__(self, contexts: Tokens, tokens: Tokens) -> None:
        known = contexts >= 0
        order = np.lexsort((tokens[known], contexts[known]))
        pairs = np.stack([contexts[known][order], tokens[known][order]], axis=1)
        unique, self.counts = np.unique(pairs, axis=0, return_counts=True)
        self.contexts, self.tokens = unique[:, 0], unique[:, 1]
        self.of, first = np.unique(self.contexts, return_index=True)
        self.ends = np.append(first, len(self.contexts))

    def shares(self, contexts: Tokens, tokens: Tokens) -> Shares:
        """The share of each token after its context; 0 after an unknown one."""
        found = np.zeros(len(tokens))
        for number, (context, token) in enumerate(zip(contexts.tolist(), tokens.tolist(), strict=True)):
            following, shares = self.after(context)
            place = np.searchsorted(following, token)
            if place < len(following) and following[place] == token:
                found[number] = shares[place]
        return found

    def after(self, context: int) -> tuple[Tokens, Shares]:
        """The tokens that follow a context, sorted, and their shares."""
        place = int(np.searchsorted(self.of, context))
        if place == len(self.of) or self.of[place] != context:
            return np.empty(0, dtype=np.int64), np.empty(0)
        span = slice(self.ends[place], self.ends[place + 1])
        return self.tokens[span], self.counts[span] / self.counts[span].sum()


def _key(past: Int[np.ndarray, "back n"], vocab_size: int) -> Tokens:
    """One number for each column of tokens."""
    key = np.zeros(past.shape[1], dtype=np.int64)
    for row in past:
        key = key * vocab_size + row
    return key
