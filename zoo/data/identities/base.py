"""Images of identities: splits by identity, P×K training batches, evaluation in rounds over the identities."""

import logging
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from jaxtyping import Bool, Int, UInt8
from torch import Tensor
from torch.utils.data import Sampler

from zoo.data.base import Split
from zoo.data.identities.batches import IdentityBatches
from zoo.data.identities.splits import near_duplicates, require_disjoint
from zoo.data.images.base import ImageData, Preprocessing, TensorImages
from zoo.errors import ZooError

log = logging.getLogger(__name__)
_ROTATIONS = (1, 4, 8)


@dataclass(frozen=True, kw_only=True)
class Identities:
    """The images of one split."""

    images: UInt8[Tensor, "n c h w"]
    numbers: Int[Tensor, " n"]
    """The identity of each image: i, or g · `zoo.ops.identities.PER_GROUP` + i in group g."""
    names: Sequence[str]
    """Names of the identities; no two splits may share one."""


@dataclass(kw_only=True, eq=False)
class IdentityData(ImageData):
    """Embedding batches `(images [B C H W], identities [B])`; a subclass reads the images.

    A training batch has `batch_size` = P·K images, with K = `images_per_identity`. Validation and test batches go in
    rounds: the first image of each identity, then the second of each, so that a batch holds many identities.

    `rotations_as_classes` makes new training identities of characters: with 4, each rotation by 90° is an identity;
    with 8, the mirrored ones are, too; 1 adds none. Source: Santoro et al., Meta-Learning with Memory-Augmented
    Neural Networks, 2016.

    Raises:
        ZooError: `rotations_as_classes` is not 1, 4 or 8.
    """

    feeds = frozenset({"embedding"})

    images_per_identity: int
    steps_per_epoch: int
    rotations_as_classes: int

    def __post_init__(self) -> None:
        if self.rotations_as_classes not in _ROTATIONS:
            raise ZooError(f"`data.rotations_as_classes` (={self.rotations_as_classes}) must be 1, 4 or 8")
        super().__post_init__()
        self._fold: tuple[int, int] | None = None
        self.notes: list[str] = []
        """Remarks on the data for the report; filled by `load`."""

    @abstractmethod
    def read(self) -> dict[Split, Identities]:
        """The images of each split.

        Raises:
            ZooError: the images are missing or unusable.
        """

    @abstractmethod
    def make_preprocessing(self, train: UInt8[Tensor, "n c h w"]) -> Preprocessing:
        """The preprocessing, with the mean and standard deviation of the training images."""

    def load(self) -> dict[str, Any]:
        """Reads the splits; refuses identities in two splits and reports near-duplicate images in `notes`."""
        splits = self.read()
        if self._fold is not None:
            splits |= held_out(splits, *self._fold, self.seed)
        require_disjoint({name: split.names for name, split in splits.items()})
        for name, split in splits.items():
            if len(split.names) < 2:
                raise ZooError(f"the {name} split has {len(split.names)} identities; telling apart needs at least two")
        self.notes = [*_counts(splits), *_singles(splits), *_duplicates(splits)]
        for note in self.notes[len(splits) :]:
            log.warning(note)
        self.preprocessing = self.make_preprocessing(splits["train"].images)
        splits["train"] = rotated(splits["train"], self.rotations_as_classes)
        return {name: _in_rounds(split) if name != "train" else _as_read(split) for name, split in splits.items()}

    def fold(self, number: int, folds: int) -> "IdentityData":
        """The same data, with one of `folds` equal parts of the training and validation identities for validation."""
        fold = replace(self)
        fold.config = self.config
        fold._fold = (number, folds)
        return fold

    def metadata(self) -> dict[str, Any]:
        """Number of channels, and the image size in pixels."""
        self.setup()
        return {"in_channels": self.preprocessing.channels, "image_size": self.preprocessing.size}

    def card(self) -> dict[str, Any]:
        """The preprocessing and the notes."""
        self.setup()
        return {"preprocessing": self.preprocessing.to_dict(), "notes": list(self.notes), "new_identities": True}

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """P×K batches for training; every image once for validation and test."""
        if name != "train":
            return super().sampler(name)
        return IdentityBatches(
            self.dataset("train").labels,
            batch_size=self.batch_size,
            images_per_identity=self.images_per_identity,
            steps_per_epoch=self.steps_per_epoch,
            seed=self.seed,
            rank=self.rank,
            world_size=self.world_size,
        )


def statistics(images: UInt8[Tensor, "n c h w"]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each channel, for pixels scaled to [0, 1], of the first 2,000 images."""
    values = images[:2000].float() / 255
    mean, std = values.mean(dim=(0, 2, 3)), values.std(dim=(0, 2, 3)).clamp_min(1e-3)
    return tuple(round(v, 4) for v in mean.tolist()), tuple(round(v, 4) for v in std.tolist())


def held_out(splits: dict[Split, Identities], number: int, folds: int, seed: int) -> dict[Split, Identities]:
    """Training and validation with part `number` of `folds` of their joint identities held out for validation.

    Raises:
        ZooError: fewer than two identities in a part.
    """
    train, val = splits["train"], splits["val"]
    images, names = torch.cat([train.images, val.images]), [*train.names, *val.names]
    people, numbers = torch.cat([train.numbers, val.numbers + train.numbers.max() + 1]).unique(return_inverse=True)
    if not 2 <= folds <= len(people) // 2:
        raise ZooError(f"{folds} folds of {len(people)} identities: give at least 2, and two identities for each")
    order = torch.randperm(len(people), generator=torch.Generator().manual_seed(seed))
    is_held_out = torch.isin(numbers, order.tensor_split(folds)[number])

    def part(rows: Bool[Tensor, " n"]) -> Identities:
        kept = [names[number] for number in numbers[rows].unique().tolist()]
        return Identities(images=images[rows], numbers=numbers[rows], names=kept)

    return {"train": part(~is_held_out), "val": part(is_held_out)}


def rotated(split: Identities, rotations: int) -> Identities:
    """The images in each of 1, 4 or 8 positions; each position of an identity is another identity."""
    images = [split.images.rot90(rotation, (2, 3)) for rotation in range(min(rotations, 4))]
    if rotations == 8:
        images += [image.flip(3) for image in images]
    step = int(split.numbers.max()) + 1
    names = [f"{name}, position {i}" if i else name for i in range(rotations) for name in split.names]
    numbers = torch.cat([split.numbers + i * step for i in range(rotations)])
    return Identities(images=torch.cat(images), numbers=numbers, names=names)


def _as_read(split: Identities) -> TensorImages:
    return TensorImages(split.images, split.numbers)


def _in_rounds(split: Identities) -> TensorImages:
    order = torch.argsort(occurrence(split.numbers), stable=True)
    return TensorImages(split.images[order], split.numbers[order])


def occurrence(numbers: Int[Tensor, " n"]) -> Int[Tensor, " n"]:
    """The number of earlier rows of the same identity, for each row."""
    order = numbers.argsort(stable=True)
    counts = numbers.unique(return_counts=True)[1]
    starts = (counts.cumsum(0) - counts).repeat_interleave(counts)
    return torch.empty_like(order).scatter_(0, order, torch.arange(len(numbers)) - starts)


def _counts(splits: dict[Split, Identities]) -> list[str]:
    return [f"{name}: {len(split.numbers)} images of {len(split.names)} identities" for name, split in splits.items()]


def _singles(splits: dict[Split, Identities]) -> list[str]:
    counts = splits["train"].numbers.unique(return_counts=True)[1]
    singles = int((counts == 1).sum())
    return [f"{singles} training identities have a single image and are kept out of the triplets"] if singles else []


def _duplicates(splits: dict[Split, Identities]) -> list[str]:
    found = near_duplicates({name: split.images for name, split in splits.items()})
    if not found:
        return []
    (first, second), (a, b) = found[0].splits, found[0].rows
    return [
        f"{len(found)} pairs of images in different splits look the same, such as image {a} of {first} and "
        f"{b} of {second} (correlation {found[0].correlation:.3f})"
    ]
