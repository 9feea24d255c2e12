"""A tokenized corpus: one array of tokens, in which sentences and documents are spans."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TypeVar

import numpy as np
from jaxtyping import Int

from zoo.data.text.mapped import GrowingArray
from zoo.data.text.tokenizer import Tokenizer

Document = list[str]
"""The sentences of a document."""
_BLOCK = 512  # documents, and sentences of them, that are in memory at once
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Corpus:
    """Documents as spans of sentences, and sentences as spans of tokens."""

    tokens: Int[np.ndarray, " n"]
    sentences: Int[np.ndarray, " s1"]
    """The first token of each sentence, and the end of the last one."""
    documents: Int[np.ndarray, " d1"]
    """The first sentence of each document, and the end of the last one."""

    def __len__(self) -> int:
        return len(self.documents) - 1

    def span(self, document: int) -> tuple[int, int]:
        """[first, end) of the tokens of a document."""
        first, end = self.documents[document], self.documents[document + 1]
        return int(self.sentences[first]), int(self.sentences[end])


def tokenize(documents: Iterable[Document], tokenizer: Tokenizer, *, longest: int) -> Corpus:
    """Encodes documents block by block; sentences of more than `longest` tokens are cut into several.

    Sentences without tokens are left out; documents without any are kept, so that their numbers stay.
    """
    tokens, sentences, starts = GrowingArray(np.int32), GrowingArray(np.int64), GrowingArray(np.int64)
    sentences.append([0])
    starts.append([0])
    for block in _blocks(documents):
        encoded = _encoded([sentence for document in block for sentence in document], tokenizer)
        for document in block:
            pieces = [piece for _ in document for piece in _cut(next(encoded), longest)]
            if pieces:
                sentences.append(tokens.count + np.cumsum([len(piece) for piece in pieces]))
                tokens.append(np.concatenate(pieces))
            starts.append([sentences.count - 1])
    return Corpus(tokens=tokens.mapped(), sentences=sentences.mapped(), documents=starts.mapped())


def _blocks(items: Iterable[T]) -> Iterator[list[T]]:
    remaining = iter(items)
    while block := list(islice(remaining, _BLOCK)):
        yield block


def _encoded(sentences: Iterable[str], tokenizer: Tokenizer) -> Iterator[Int[np.ndarray, " _"]]:
    """The tokens of each sentence; those of a long document are never in memory as Python's numbers all together."""
    for block in _blocks(sentences):
        for ids in tokenizer.encode(block):
            yield np.array(ids, np.int32)


def _cut(ids: Int[np.ndarray, " n"], longest: int) -> list[Int[np.ndarray, " _"]]:
    """The parts of a sentence, of nearly equal length."""
    if not len(ids):
        return []
    size = -(-len(ids) // -(-len(ids) // longest))
    return [ids[start : start + size] for start in range(0, len(ids), size)]
