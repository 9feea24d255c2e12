"""Pairs of sentences for pre-training: chunks of a document, half of them continued by another document."""

import random
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from zoo.data.text.corpus import Corpus
from zoo.data.text.mapped import GrowingArray

SPECIAL = 3  # [CLS] A [SEP] B [SEP]
_SHORT = 0.1  # share of chunks with a random shorter length
_TRIES = 10  # draws of another document
_BLOCK = 4096

Pair = tuple[int, int, int, int, int]
"""First token and length of A, those of B, and whether B is random."""


class PairBatch(NamedTuple):
    """A batch of pairs, padded to its longest."""

    tokens: Int[Tensor, "b t"]
    segments: Int[Tensor, "b t"]
    """0 for [CLS] A [SEP], 1 for B [SEP], 0 for the padding."""
    is_random: Int[Tensor, " b"]
    """1 where B is of another document."""
    indices: Int[Tensor, " b"]
    """Of the pairs in their split."""


class Pairs:
    """Pairs of a split of a corpus, gathered in batches.

    The table may hold several `draws` of pairs. The length is that of one of them. Greater indices lead to the next
    draws, and after the last to the first again.
    """

    in_memory = True  # gathering is too cheap for a worker process

    def __init__(
        self,
        corpus: Corpus,
        table: Int[np.ndarray, "n 5"],
        *,
        cls_id: int,
        sep_id: int,
        pad_id: int,
        draws: int = 1,
    ) -> None:
        self.tokens = torch.from_numpy(corpus.tokens)
        self.table = table
        self.cls_id, self.sep_id, self.pad_id = cls_id, sep_id, pad_id
        self.draws = draws

    def __len__(self) -> int:
        return len(self.table) // self.draws

    def _rows(self, indices: Int[Tensor, " b"]) -> Int[Tensor, "b 5"]:
        return torch.from_numpy(self.table[indices.numpy() % len(self.table)])

    def lengths(self, indices: Int[Tensor, " b"]) -> Int[Tensor, " b"]:
        """Number of tokens of each pair, special tokens included."""
        rows = self._rows(indices)
        return rows[:, 1] + rows[:, 3] + 2 + (rows[:, 3] > 0).long()

    def __getitem__(self, indices: Int[Tensor, " b"]) -> PairBatch:
        rows = self._rows(indices)
        first_a, length_a, first_b, length_b, is_random = (column[:, None] for column in rows.unbind(1))
        lengths = length_a + length_b + 2 + (length_b > 0).long()
        place = torch.arange(int(lengths.max()))[None]
        in_b = place >= length_a + 2
        source = torch.where(in_b, first_b + place - length_a - 2, first_a + place - 1)
        tokens = self.tokens[source.clamp(0, len(self.tokens) - 1)].long()
        tokens[(place == length_a + 1) | (place == lengths - 1)] = self.sep_id
        tokens[:, 0] = self.cls_id
        padding = place >= lengths
        tokens[padding] = self.pad_id
        return PairBatch(tokens, (in_b & ~padding).long(), is_random[:, 0], indices)


def sentence_pairs(
    corpus: Corpus, documents: Sequence[int], *, length: int, seed: int, draws: int = 1
) -> Int[np.ndarray, "n 5"]:
    """Pairs of at most `length` tokens from each document, drawn several times one after another.

    Source: `create_pretraining_data.py` of google-research/bert. Sentences are collected up to the length, in a tenth
    of the chunks up to a random shorter one. A is a random number of them. B is the rest, or in half of the cases, and
    for a single sentence, a span of another document; the sentences after A are then used again. Pairs that are too
    long lose tokens of the longer part, from its start or its end at random.
    """
    generator = random.Random(seed)
    return _stored(
        pair
        for _ in range(draws)
        for document in documents
        for pair in _pairs_of(corpus, document, documents, length - SPECIAL, generator)
    )


def single_spans(corpus: Corpus, documents: Sequence[int], *, length: int) -> Int[np.ndarray, "n 5"]:
    """Consecutive spans of each document for training without pairs, of nearly equal length: [CLS] A [SEP]."""
    return _stored(
        (start, min(size, end - start), 0, 0, 0)
        for first, end in map(corpus.span, documents)
        for size in [-(-(end - first) // -(-(end - first) // (length - 2)))]
        for start in range(first, end, size)
    )


def _stored(pairs: Iterator[Pair]) -> Int[np.ndarray, "n 5"]:
    table, block = GrowingArray(np.int64, columns=5), []
    for pair in pairs:
        block.append(pair)
        if len(block) == _BLOCK:
            table.append(block)
            block = []
    if block:
        table.append(block)
    return table.mapped()


def _pairs_of(
    corpus: Corpus, document: int, documents: Sequence[int], longest: int, generator: random.Random
) -> Iterator[Pair]:
    first, end = int(corpus.documents[document]), int(corpus.documents[document + 1])
    starts = corpus.sentences[first : end + 1].tolist()
    sentence, count = 0, end - first
    while sentence < count:
        target = longest if generator.random() > _SHORT else generator.randint(2, longest)
        stop = sentence + 1
        while stop < count and starts[stop] - starts[sentence] < target:
            stop += 1
        middle = sentence + (1 if stop - sentence == 1 else generator.randint(1, stop - sentence - 1))
        a = (starts[sentence], starts[middle])
        is_random = stop == middle or generator.random() < 0.5
        if is_random:
            b = _elsewhere(corpus, document, documents, max(target - (a[1] - a[0]), 1), generator)
            stop = middle  # the unused sentences come next
        else:
            b = (starts[middle], starts[stop])
        (first_a, length_a), (first_b, length_b) = _truncated(a, b, longest, generator)
        yield first_a, length_a, first_b, length_b, int(is_random)
        sentence = stop


def _elsewhere(
    corpus: Corpus, document: int, documents: Sequence[int], target: int, generator: random.Random
) -> tuple[int, int]:
    """Tokens [first, end) of sentences from a random place of another document."""
    other = document
    for _ in range(_TRIES):
        other = documents[generator.randrange(len(documents))]
        if other != document:
            break
    first, end = int(corpus.documents[other]), int(corpus.documents[other + 1])
    start = stop = generator.randrange(first, end)
    begin = int(corpus.sentences[start])
    while stop < end and int(corpus.sentences[stop]) - begin < target:
        stop += 1
    return begin, int(corpus.sentences[stop])


def _truncated(
    a: tuple[int, int], b: tuple[int, int], longest: int, generator: random.Random
) -> tuple[tuple[int, int], tuple[int, int]]:
    """First token and length of both parts, with at most `longest` tokens together."""
    lengths = [a[1] - a[0], b[1] - b[0]]
    firsts = [a[0], b[0]]
    excess = sum(lengths) - longest
    if excess > 0:
        larger = int(lengths[1] > lengths[0])
        alone = min(excess, abs(lengths[0] - lengths[1]))
        cut = [0, 0]
        cut[larger] += alone
        cut[0] += (excess - alone + 1) // 2
        cut[1] += (excess - alone) // 2
        for part in (0, 1):
            lengths[part] -= cut[part]
            firsts[part] += generator.getrandbits(cut[part]).bit_count() if cut[part] else 0
    return (firsts[0], lengths[0]), (firsts[1], lengths[1])
