"""What data modules of texts share: a tokenizer, that of pretrained weights or one trained on the training split."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import DataModule, Split
from zoo.data.options import require_count
from zoo.data.sampling import IndexBatches
from zoo.data.text.length_batches import LengthBatches
from zoo.data.text.tokenizer import SPECIALS, Tokenizer, train_wordpiece
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class TextData(DataModule):
    """Batches of token ids, each padded to its longest text of at most `length` tokens.

    The vocabulary is that of pretrained weights. Without any, WordPiece finds up to `vocab_size` tokens in the training
    split.

    Raises:
        ZooError: a vocabulary or a length that is too small.
    """

    fits_preprocessing: ClassVar[bool] = True

    vocab_size: int
    lowercase: bool
    length: int

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("vocab_size", self.vocab_size)
        require_count("length", self.length)
        if self.vocab_size < 2 * len(SPECIALS):
            raise ZooError(f"`data.vocab_size` (={self.vocab_size}) must be at least {2 * len(SPECIALS)}")
        self.tokenizer: Tokenizer
        """Set by `load`."""
        self.adopted: dict[str, Any] = {}
        """The preprocessing of pretrained weights; empty without any."""

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the tokenizer of pretrained weights, before the data is loaded.

        Raises:
            ZooError: the weights have no tokenizer, or fewer positions than `length`.
        """
        if "tokenizer" not in preprocessing:
            raise ZooError("these pretrained weights have no tokenizer, and a text model needs theirs")
        positions = preprocessing["positions"]
        if self.length > positions:
            raise ZooError(
                f"`data.length` (={self.length}) is more than the {positions} positions of the pretrained weights: "
                f"give data.length={positions}"
            )
        self.adopted = dict(preprocessing)
        return True

    def make_tokenizer(self, texts: Callable[[], Iterable[str]]) -> Tokenizer:
        """The adopted tokenizer, or one trained on `texts`."""
        if self.adopted:
            return Tokenizer(self.adopted["tokenizer"])
        return train_wordpiece(texts, vocab_size=self.vocab_size, lowercase=self.lowercase)

    def metadata(self) -> dict[str, Any]:
        """Sizes of the embedding matrices, and the id of the padding."""
        preprocessing = self.preprocessing()
        return {
            "vocab_size": preprocessing["vocab_size"],
            "max_positions": preprocessing["positions"],
            "pad_id": self.tokenizer.pad_id,
        }

    def card(self) -> dict[str, Any]:
        """The tokenizer, and how long a text may be."""
        return {"preprocessing": self.preprocessing()}

    def preprocessing(self) -> dict[str, Any]:
        """Plain values from which a text becomes token ids; stored in the checkpoint."""
        self.setup()
        own = {"tokenizer": self.tokenizer.to_json(), "vocab_size": len(self.tokenizer), "positions": self.length}
        return own | self.adopted | {"length": self.length}

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """Training batches of similar length; all others in order."""
        if name != "train":
            return super().sampler(name)
        dataset = self.dataset(name)
        joint = IndexBatches(len(dataset), self.batch_size * self.world_size, shuffle=True, seed=self.seed)
        return LengthBatches(dataset.lengths, self.train_batches(joint), rank=self.rank, world_size=self.world_size)
