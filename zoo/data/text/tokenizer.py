"""WordPiece tokenizers: trained on texts, or those of published weights; stored in checkpoints as JSON."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor

from zoo.errors import ZooError

PAD, UNKNOWN, CLS, SEP, MASK = SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
_PREFIX = "##"  # of a token that continues a word
_MIN_FREQUENCY = 2


class Tokenizer:
    """Turns texts into token ids and back.

    Raises:
        ZooError: `json` is no tokenizer, or has no `[MASK]` or another of BERT's special tokens.
    """

    def __init__(self, json: str) -> None:
        from tokenizers import Tokenizer as Fast  # the package is optional

        try:
            self._fast = Fast.from_str(json)
        except Exception as error:  # the library raises this class alone
            raise ZooError(f"the tokenizer cannot be read: {error}") from error
        self._fast.no_truncation()
        self._fast.no_padding()
        ids = {token: self._fast.token_to_id(token) for token in SPECIALS}
        missing = [token for token, number in ids.items() if number is None]
        if missing:
            raise ZooError(f"the tokenizer has no {', '.join(missing)}: a BERT tokenizer is needed")
        self.special_ids: tuple[int, ...] = tuple(number for number in ids.values() if number is not None)
        """Ids of `SPECIALS`, in their order."""
        self._size = 1 + max(self._fast.get_vocab().values())
        self.pad_id, self.unknown_id, self.cls_id, self.sep_id, self.mask_id = self.special_ids

    def __len__(self) -> int:
        """One more than the largest id, which exceeds the number of tokens where ids have gaps."""
        return self._size

    def to_json(self) -> str:
        """The tokenizer as text, from which the constructor builds an equal one."""
        return str(self._fast.to_str())

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of each text, without `[CLS]` and `[SEP]`; special tokens in a text are kept as such."""
        return [found.ids for found in self._fast.encode_batch_fast(list(texts), add_special_tokens=False)]

    def decode(self, ids: Sequence[int]) -> str:
        """The text of token ids, special tokens included."""
        return str(self._fast.decode(list(ids), skip_special_tokens=False))

    def token(self, number: int) -> str:
        """The token with an id, such as `##ing`; ids beyond the vocabulary are `[UNK]`."""
        return self._fast.id_to_token(number) or UNKNOWN

    @cached_property
    def continues(self) -> Bool[Tensor, " v"]:
        """Whether each token of the vocabulary continues a word."""
        return torch.tensor([self.token(number).startswith(_PREFIX) for number in range(len(self))])


def train_wordpiece(texts: Callable[[], Iterable[str]], *, vocab_size: int, lowercase: bool) -> Tokenizer:
    """Trains a WordPiece vocabulary of at most `vocab_size` tokens that occur at least twice.

    Source: Schuster and Nakajima, 2012; the splitting into words is that of BERT. The same texts give the same
    vocabulary in every process: the library numbers the characters that continue a word in random order, and equally
    frequent pairs by these numbers, so they are given to it first. `texts` is called twice.

    Raises:
        ZooError: the characters of the texts take more tokens than that.
    """
    from tokenizers import trainers

    fast = _empty({}, lowercase=lowercase)
    normalize = fast.normalizer.normalize_str
    characters = sorted(set().union(*(normalize(text) for text in texts())))
    inner = [f"{_PREFIX}{character}" for character in characters if _is_of_a_word(character)]
    trainer = trainers.WordPieceTrainer(
        vocab_size=vocab_size, special_tokens=[*SPECIALS, *inner], min_frequency=_MIN_FREQUENCY, show_progress=False
    )
    fast.train_from_iterator(iter(texts()), trainer)
    found: dict[str, int] = fast.get_vocab()
    if len(found) > vocab_size:
        raise ZooError(
            f"`data.vocab_size` (={vocab_size}) is too small: their characters alone take {len(found)} tokens"
        )
    return wordpiece_of(sorted(found, key=found.__getitem__), lowercase=lowercase)


def _is_of_a_word(character: str) -> bool:
    """Whether BERT's splitting leaves a character within a word: no space, punctuation, ASCII symbol or ideograph."""
    if character.isascii():
        return character.isalnum()
    return unicodedata.category(character)[0] not in "PZC" and not unicodedata.name(character, "").startswith("CJK ")


def wordpiece_of(vocabulary: Sequence[str], *, lowercase: bool, strip_accents: bool | None = None) -> Tokenizer:
    """The tokenizer of a published vocabulary, one token for each id; by default accents go with upper case.

    Raises:
        ZooError: a special token of BERT is missing.
    """
    numbers = {token: number for number, token in enumerate(vocabulary)}
    fast = _empty(numbers, lowercase=lowercase, strip_accents=strip_accents)
    fast.add_special_tokens([token for token in SPECIALS if token in numbers])
    return Tokenizer(fast.to_str())


def _empty(vocabulary: dict[str, int], *, lowercase: bool, strip_accents: bool | None = None) -> Any:
    """BERT's tokenizer with a vocabulary."""
    from tokenizers import Tokenizer as Fast
    from tokenizers import decoders, models, normalizers, pre_tokenizers

    fast: Any = Fast(models.WordPiece(vocabulary, unk_token=UNKNOWN))
    fast.normalizer = normalizers.BertNormalizer(lowercase=lowercase, strip_accents=strip_accents)
    fast.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    fast.decoder = decoders.WordPiece(prefix=_PREFIX)
    return fast
