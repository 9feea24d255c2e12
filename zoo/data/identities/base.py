"""Pictures of identities: splits by identity, P×K training batches, evaluation in rounds over the identities."""

import logging
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from jaxtyping import Int, UInt8
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import DataModule, Split
from zoo.data.identities.batches import IdentityBatches
from zoo.data.identities.splits import near_duplicates, require_disjoint
from zoo.data.images.base import Augmentation, Preprocessing, TensorImages, to_unit
from zoo.errors import ZooError

log = logging.getLogger(__name__)
_TURNS = (1, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The pictures of one split."""

    images: UInt8[Tensor, "n c h w"]
    numbers: Int[Tensor, " n"]
    """The identity of each picture: i, or g · `zoo.ops.identities.PER_GROUP` + i in group g."""
    names: Sequence[str]
    """The identities by name; what they are told apart by across splits."""


class IdentityData(DataModule):
    """Embedding batches `(images [B C H W], identities [B])`; a subclass reads the pictures.

    `batch_size` is P·K in training, with K = `images_per_identity`. Validation and test go in rounds: the
    first picture of each identity, then the second of each, so that a batch holds many identities.

    `turns` makes new training identities of characters: 4 takes each by quarter turns for four, 8 also its
    mirror image, 1 leaves it alone. Meta-Learning with Memory-Augmented Neural Networks (Santoro et al.
    2016).

    Raises:
        ZooError: `turns` is not 1, 4 or 8.
    """

    feeds = frozenset({"embedding"})

    def __init__(
        self,
        *,
        batch_size: int,
        images_per_identity: int,
        steps_per_epoch: int,
        num_workers: int | Literal["auto"],
        seed: int,
        turns: int,
        augmentation: Augmentation | None,
    ) -> None:
        if turns not in _TURNS:
            raise ZooError(f"`data.turns` (={turns}) must be 1, 4 or 8")
        super().__init__(batch_size=batch_size, num_workers=num_workers, seed=seed)
        self.images_per_identity = images_per_identity
        self.steps_per_epoch = steps_per_epoch
        self.turns = turns
        self.augmentation = augmentation
        self.notes: list[str] = []
        """What the reader of a report should know of the data."""
        self.preprocessing: Preprocessing
        """Set by `load`."""

    @abstractmethod
    def read(self) -> dict[Split, Identities]:
        """The pictures of each split.

        Raises:
            ZooError: the pictures are not there or not usable.
        """

    @abstractmethod
    def prepare(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """How a picture becomes an input; mean and standard deviation are those of the training pictures."""

    def load(self) -> dict[str, Any]:
        """The splits, checked: no identity in two of them, and near-duplicate pictures named in `notes`."""
        splits = self.read()
        require_disjoint({name: split.names for name, split in splits.items()})
        for name, split in splits.items():
            if len(split.names) < 2:
                raise ZooError(f"the {name} split has {len(split.names)} identities; telling apart needs at least two")
        self.notes = [*_counts(splits), *_alone(splits), *_duplicates(splits)]
        for note in self.notes[len(splits) :]:
            log.warning(note)
        self.preprocessing = self.prepare(splits["train"].images)
        splits["train"] = turned(splits["train"], self.turns)
        return {name: _in_rounds(split) if name != "train" else _as_read(split) for name, split in splits.items()}

    def metadata(self) -> dict[str, Any]:
        """Channels and pixels."""
        self.setup()
        return {"in_channels": self.preprocessing.channels, "image_size": self.preprocessing.size}

    def card(self) -> dict[str, Any]:
        """The preprocessing, and what there is to know of the data."""
        self.setup()
        return {"preprocessing": self.preprocessing.plain(), "notes": list(self.notes), "new_identities": True}

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """P×K batches for training, all pictures once else."""
        if name != "train":
            return super().sampler(name)
        return IdentityBatches(
            self.dataset("train").labels,
            batch_size=self.batch_size,
            images_per_identity=self.images_per_identity,
            steps_per_epoch=self.steps_per_epoch,
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )

    def augment(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """A training batch through the augmentation."""
        images, identities = batch
        return self.augmentation(to_unit(images), identities) if self.augmentation else (images, identities)

    def normalize(self, batch: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """A batch with normalized images."""
        images, identities = batch
        return self.preprocessing.normalize(images), identities


def statistics(images: UInt8[Tensor, "n c h w"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, on the scale [0, 1]."""
    values = images[:2000].float() / 255
    mean, std = values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3)).clamp_min(1e-3)
    return tuple(round(v, 4) for v in mean.tolist()), tuple(round(v, 4) for v in std.tolist())


def turned(split: Identities, turns: int) -> Identities:
    """The pictures in `turns` positions, each position another identity."""
    images = [split.images.rot90(turn, (2, 3)) for turn in range(min(turns, 4))]
    if turns == 8:
        images += [image.flip(3) for image in images]
    step = int(split.numbers.max()) + 1
    names = [f"{name}, position {turn}" if turn else name for turn in range(turns) for name in split.names]
    numbers = torch.cat([split.numbers + turn * step for turn in range(turns)])
    return Identities(images=torch.cat(images), numbers=numbers, names=names)


def _as_read(split: Identities) -> TensorImages:
    return TensorImages(split.images, split.numbers)


def _in_rounds(split: Identities) -> TensorImages:
    order = torch.argsort(occurrence(split.numbers), stable=True)
    return TensorImages(split.images[order], split.numbers[order])


def occurrence(numbers: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """How many rows of the same identity stand before each row."""
    order = numbers.argsort(stable=True)
    counts = numbers.unique(return_counts=True)[1]
    starts = (counts.cumsum(0) - counts).repeat_interleave(counts)
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(numbers)) - starts)


def _counts(splits: dict[Split, Identities]) -> list[str]:
    return [f"{name}: {len(split.numbers)} pictures of {len(split.names)} identities" for name, split in splits.items()]


def _alone(splits: dict[Split, Identities]) -> list[str]:
    counts = splits["train"].numbers.unique(return_counts=True)[1]
    alone = int((counts == 1).sum())
    return [f"{alone} training identities have a single picture and are kept out of the triplets"] if alone else []


def _duplicates(splits: dict[Split, Identities]) -> list[str]:
    found = near_duplicates({name: split.images for name, split in splits.items()})
    if not found:
        return []
    (first, second), (a, b) = found[0].splits, found[0].rows
    return [
        f"{len(found)} pairs of pictures in different splits look the same, such as picture {a} of {first} and "
        f"{b} of {second} (correlation {found[0].correlation:.3f})"
    ]
