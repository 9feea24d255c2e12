"""Texts for pre-training: pairs of sentences with masked tokens."""

from abc import abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Int
from torch import Tensor

from zoo.data.base import Split
from zoo.data.options import require_fractions, require_share
from zoo.data.sampling import FreshBatches, IndexBatches
from zoo.data.text.base import TextData
from zoo.data.text.corpus import Corpus, Document, tokenize
from zoo.data.text.pairs import SPECIAL, PairBatch, Pairs, sentence_pairs, single_spans
from zoo.data.text.problems import log_unknown, unknown_advice
from zoo.data.text.splits import Numbers, split_documents, split_in_order
from zoo.data.text.tokenizer import Tokenizer
from zoo.errors import ZooError
from zoo.ops.masking import mask_tokens
from zoo.ops.noise import uniform_noise

_VOCABULARY_CHARACTERS = 100_000_000  # of the training split, from which WordPiece is trained
_PARTS = 20  # of a single document that is split in order
_DRAWS = 10  # of the pairs for training, the `dupe_factor` of google-research/bert
_DRAWN_TOKENS = 100_000_000  # of all draws together: large corpora, which are read a few times, need no second one


class MaskedBatch(NamedTuple):
    """A batch of pairs with masked tokens."""

    tokens: Int[Tensor, "b t"]
    segments: Int[Tensor, "b t"]
    positions: Int[Tensor, "b p"]
    """Of the tokens to predict."""
    labels: Int[Tensor, "b p"]
    """Those tokens; -100 where there is nothing to predict."""
    is_random: Int[Tensor, " b"]
    """1 where the second sentence is of another document."""


@dataclass(kw_only=True, eq=False)
class PretrainingText(TextData):
    """Pairs of sentences of documents, with `mask_share` of their tokens masked; splits contain full documents.

    Training pairs are drawn up to ten times, and epochs take the draws in turn, as long as all have at most 10⁸ tokens.
    Training masks depend on the seed, the step and the sample: every epoch has its own, a resumed run repeats them, and
    they do not depend on the number of processes. Validation and test masks depend on the seed and the sample.
    `whole_word` masks all tokens of a word together. Without `next_sentence` a sample is one span of a document.

    Raises:
        ZooError: a share outside its range, or a length without room for two sentences.
    """

    feeds = frozenset({"language"})

    next_sentence: bool
    mask_share: float
    whole_word: bool
    val_fraction: float
    test_fraction: float

    def __post_init__(self) -> None:
        super().__post_init__()
        require_share("mask_share", self.mask_share)
        if not self.mask_share:
            raise ZooError("`data.mask_share` (=0) must be above 0: nothing would be predicted")
        require_fractions(self.val_fraction, self.test_fraction)
        if self.length < 8:
            raise ZooError(f"`data.length` (={self.length}) must be at least 8: two sentences and special tokens")

    @abstractmethod
    def documents(self) -> Iterable[Document]:
        """The documents, read anew in each iteration.

        Raises:
            ZooError: they are missing or unreadable.
        """

    @property
    def source(self) -> str:
        """What the documents are called in messages."""
        return "this data"

    def load(self) -> dict[str, Any]:
        """Splits the documents, tokenizes them, and pairs their sentences.

        Raises:
            ZooError: no text, or too few documents.
        """
        documents, self.numbers = self._split()
        self.tokenizer = self.make_tokenizer(partial(_texts, documents, set(self.numbers["train"])))
        longest = (self.length - SPECIAL) // 2 if self.next_sentence else self.length
        self.corpus = tokenize(documents, self.tokenizer, longest=longest)
        counts = {name: self._counts(name) for name in self.numbers}
        self.train_counts = counts["train"]
        """How often each token occurs in the training split."""
        unknown, tokens = int(self.train_counts[self.tokenizer.unknown_id]), int(self.train_counts.sum())
        log_unknown(unknown, tokens, adopted=bool(self.adopted))
        ids = {"cls_id": self.tokenizer.cls_id, "sep_id": self.tokenizer.sep_id, "pad_id": self.tokenizer.pad_id}
        return {name: self._pairs(name, **ids) for name in self.numbers}

    def _counts(self, name: Split) -> Float[np.ndarray, " v"]:
        """How often each token occurs in a split; raises an error if nothing can be masked."""
        counts = token_counts(self.corpus, self.numbers[name], len(self.tokenizer))
        special = counts[[*self.tokenizer.special_ids]].sum()
        if special == counts.sum():
            raise ZooError(
                f"the {name} split of {self.source} has [UNK] alone, and nothing to mask: "
                f"{unknown_advice(bool(self.adopted))}"
            )
        return counts

    def _split(self) -> tuple[Iterable[Document], Numbers]:
        documents = self.documents()
        sizes, keys = [], []
        for document in documents:
            sizes.append(sum(map(len, document)))
            keys.append(hash(tuple(document)))
        if not sum(sizes):
            raise ZooError(f"{self.source} holds no text")
        least = 2 if self.next_sentence else 1
        shares = {"val": self.val_fraction, "test": self.test_fraction}
        numbers = split_documents(sizes, keys, least=least, seed=self.seed, **shares)
        if numbers is not None:
            return documents, numbers
        different = len(set(keys))
        counted = f"{different}{' different' if different < len(keys) else ''} document{'s' if different > 1 else ''}"
        if self.next_sentence:
            raise ZooError(
                f"{self.source} has {counted}, and next-sentence prediction needs {3 * least} or more, two in each "
                f"split: data.next_sentence=false trains on masked words alone"
            )
        sentences = [sentence for document in documents for sentence in document]
        if len(sentences) < _PARTS:
            raise ZooError(f"{self.source} has {counted} of {len(sentences)} sentences: {_PARTS} are needed to split")
        parts = [part.tolist() for part in np.array_split(np.array(sentences, dtype=object), _PARTS)]
        return parts, split_in_order(len(parts), **shares)

    def _pairs(self, name: Split, **ids: int) -> Pairs:
        filled = [number for number in self.numbers[name] if len(range(*self.corpus.span(number)))]
        if not self.next_sentence:
            return Pairs(self.corpus, single_spans(self.corpus, filled, length=self.length), **ids)
        draws = max(1, min(_DRAWS, _DRAWN_TOKENS // int(self.train_counts.sum()))) if name == "train" else 1
        table = sentence_pairs(self.corpus, filled, length=self.length, seed=self.seed, draws=draws)
        return Pairs(self.corpus, table, draws=draws, **ids)

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """Each epoch has another draw of the pairs, up to the tenth: networks know pairs that return by heart."""
        return FreshBatches.like(usual)

    def metadata(self) -> dict[str, Any]:
        """Sizes of the vocabulary and of a text, and the entropy of a word's frequency."""
        return super().metadata() | {
            "next_sentence": self.next_sentence,
            "unigram_entropy": unigram_entropy(self.train_counts),
        }

    def normalize(self, batch: PairBatch) -> MaskedBatch:
        """Masks the tokens of a batch on its device."""
        training = self.trainer is not None and self.trainer.training
        step = self.trainer.fit_loop.epoch_loop.total_batch_idx + 1 if training and self.trainer is not None else -1
        return mask(batch, self.tokenizer, share=self.mask_share, whole_word=self.whole_word, seed=self.seed, step=step)


def mask(
    batch: PairBatch, tokenizer: Tokenizer, *, share: float, whole_word: bool, seed: int, step: int
) -> MaskedBatch:
    """Masks tokens with the noise of a seed, a step, and the numbers of the samples."""
    noise = uniform_noise(batch.indices, 3 * batch.tokens.shape[1], seed=(seed << 32) + step)
    masked = mask_tokens(
        batch.tokens,
        noise,
        share=share,
        special_ids=tokenizer.special_ids,
        pad_id=tokenizer.pad_id,
        mask_id=tokenizer.mask_id,
        vocab_size=len(tokenizer),
        continues=tokenizer.continues.to(batch.tokens.device) if whole_word else None,
    )
    return MaskedBatch(masked.tokens, batch.segments, masked.positions, masked.labels, batch.is_random)


def unigram_entropy(counts: Float[np.ndarray, " v"]) -> float:
    """The entropy in nats of tokens that occur so often: the loss of a model that knows frequencies alone."""
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log(shares)).sum())


def token_counts(corpus: Corpus, documents: Iterable[int], vocab_size: int) -> Float[np.ndarray, " v"]:
    """The number of times that each token occurs in documents."""
    counts = np.zeros(vocab_size)
    for first, end in map(corpus.span, documents):
        counts += np.bincount(corpus.tokens[first:end], minlength=vocab_size)
    return counts


def _texts(documents: Iterable[Document], chosen: set[int]) -> Iterator[str]:
    """The sentences of the chosen documents, up to a number of characters that is plenty for a vocabulary."""
    characters = 0
    for number, document in enumerate(documents):
        if number in chosen:
            characters += sum(map(len, document))
            yield from document
        if characters >= _VOCABULARY_CHARACTERS:
            return
