"""The base class of data modules, which fetch a batch with one tensor of indices."""

import time
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple, Protocol, runtime_checkable

import torch
from jaxtyping import Float
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Sampler

from zoo.data.errors_as_batches import ErrorsAsBatches, keep_batch
from zoo.data.sampling import IndexBatches, Remaining, numbered_seed
from zoo.errors import ZooError
from zoo.hardware import cores, data_workers
from zoo.signals import survive_first

Split = Literal["train", "val", "test"]


@runtime_checkable
class BatchDataset(Protocol):
    """A dataset that is indexed with a tensor of indices and returns the batch."""

    in_memory: bool
    """True if fetching a batch is too cheap for a worker process."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Tensor) -> Any: ...


class TrainingImages(NamedTuple):
    """Training images as the network sees them, before normalization."""

    images: Float[Tensor, "n c h w"]
    """Values in [0, 1]."""
    labels: Tensor
    """Class indices [N], or class probabilities [N K] if the augmentation mixes images."""
    augmented: bool


@dataclass(kw_only=True, eq=False)
class DataModule(LightningDataModule, ABC):
    """Train, validation and test splits of one data set.

    The fields of a subclass are its configuration: `@dataclass(kw_only=True, eq=False)` builds the
    constructor, `__post_init__` validates. A subclass implements `load`, and `metadata` and `card` where it has
    something to add. Both `augment` (training batches) and `normalize` (all batches) run on the device.
    """

    feeds: ClassVar[frozenset[str]] = frozenset()
    """Kinds of tasks that can read its batches; empty: any."""
    fits_preprocessing: ClassVar[bool] = False
    """True if `load` fits the preprocessing: a test first adopts that of the checkpoint."""

    memory_option: ClassVar[str] = "batch_size"
    """The field that determines the memory of training, for the message when it is full."""

    batch_size: int
    num_workers: int | Literal["auto"]
    seed: int

    def __post_init__(self) -> None:
        super().__init__()
        if self.batch_size < 1:
            raise ZooError(f"`data.batch_size` (={self.batch_size}) must be at least 1")
        if self.num_workers != "auto" and self.num_workers < 0:
            raise ZooError(f"`data.num_workers` (={self.num_workers}) must be auto or at least 0")
        self.config: dict[str, Any] = {}
        """The configuration that built this data module; stored in checkpoints."""
        self.option = ""
        """Its name in `configs/data`, for reports and checkpoints."""
        self.received = 0.0
        """Arrival time of the last batch, by `time.perf_counter`."""
        self.resume_at = (0, 0)
        """The epoch in which training starts and the number of its batches to skip; set to resume a run."""
        self.notes: list[str] = []
        """What is suspicious in the data, one line each, for reports; filled by `load`."""
        self._splits: dict[str, Any] = {}

    def suitable_models(self) -> str:
        """What to type for a model that its batches feed, in words; empty if only other data helps."""
        return ""

    @abstractmethod
    def load(self) -> dict[str, Any]:
        """The splits, `{"train": BatchDataset, "val": …, "test": …}`; called once.

        Raises:
            ZooError: the data is missing or unusable.
        """

    def metadata(self) -> dict[str, Any]:
        """Plain values that networks, losses and tasks take by name: `num_classes`, `in_channels`, …"""
        return {}

    def card(self) -> dict[str, Any]:
        """Plain values that a prediction needs: `preprocessing`, `class_names`, …"""
        return {}

    def augment(self, batch: Any) -> Any:
        """Augments a training batch."""
        return batch

    @property
    def augments(self) -> bool:
        """Whether training batches are augmented."""
        return getattr(self, "augmentation", None) is not None

    def normalize(self, batch: Any) -> Any:
        """Turns a batch into the network's input."""
        return batch

    def normalize_as(self, preprocessing: Mapping[str, Any]) -> bool:
        """Adopts the statistics or the tokenizer of pretrained weights before the data is loaded; True if it did."""
        return False

    def match_classes(self, names: Sequence[str]) -> str | None:
        """Takes a model's names of the same classes once the data is loaded; returns a console line if it did."""
        return None

    def training_images(self, count: int) -> TrainingImages | None:
        """At most `count` augmented training images, the same in every call; None if the data has no images."""
        return None

    def check(self, folder: Path) -> bool:
        """Prints the content and the problems of every split and draws samples below `folder`; True without problems.

        Raises:
            ZooError: this kind of data has no check.
        """
        raise ZooError(
            "this data has no check: boxes, points, tables, and class folders of images, volumes or clips have one"
        )

    def setup(self, stage: str | None = None) -> None:
        """Loads the splits once."""
        if not self._splits:
            self._splits = self.load()

    def dataset(self, name: Split) -> Any:
        """The dataset of a split."""
        self.setup()
        return self._splits[name]

    @property
    def rank(self) -> int:
        """The number of this process, from 0."""
        return self.trainer.global_rank if self.trainer else 0

    @property
    def world_size(self) -> int:
        """Number of processes that train together."""
        return self.trainer.world_size if self.trainer else 1

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """Batches of indices into a split."""
        usual = IndexBatches(
            len(self.dataset(name)),
            self.batch_size,
            shuffle=name == "train",
            seed=self.seed,
            rank=self.rank,
            world_size=self.world_size,
        )
        return self.train_batches(usual) if name == "train" else usual

    def train_batches(self, usual: IndexBatches) -> IndexBatches:
        """The batches of the training split; an override may draw new samples in each epoch, or repeat them."""
        return usual

    def loader(self, name: Split) -> DataLoader[Any]:
        """Batches of a split."""
        dataset: Any = self.dataset(name)
        sampler = self.sampler(name)
        if name == "train":
            sampler = Remaining(sampler, *self.resume_at)
        workers = 0 if dataset.in_memory else data_workers(self.num_workers)
        return DataLoader(
            ErrorsAsBatches(dataset) if workers else dataset,
            sampler=sampler,
            batch_size=None,
            num_workers=workers,
            collate_fn=keep_batch,
            pin_memory=self.trainer is not None and self.trainer.strategy.root_device.type == "cuda",
            persistent_workers=workers > 0,
            worker_init_fn=survive_first,
        )

    def fold(self, number: int, folds: int) -> "DataModule":
        """The same data for fold `number` (from 0) of `folds`.

        Raises:
            ZooError: the data has no folds.
        """
        raise ZooError("this data cannot be cut into folds: the calibration on folds needs data of identities")

    def loading_advice(self) -> list[str]:
        """Options that speed up loading, for training that waits for data; empty if no option would help."""
        if self.dataset("train").in_memory:
            return []
        reading, there = data_workers(self.num_workers), cores()
        if reading < there:
            return [f"data.num_workers={there} reads with more processes (now {reading})"]
        return [f"smaller files, a faster disk or more cores than {there} would help"]

    def train_dataloader(self) -> DataLoader[Any]:
        """Shuffled training batches."""
        return self.loader("train")

    def val_dataloader(self) -> DataLoader[Any]:
        """Validation batches in order."""
        return self.loader("val")

    def test_dataloader(self) -> DataLoader[Any]:
        """Test batches in order."""
        return self.loader("test")

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Seeds each training step from the seed and the step number, so that a resumed run repeats its draws.

        Raises:
            ZooError: raised in a worker process, and passed on here without the worker's traceback.
        """
        self.received = time.perf_counter()
        if isinstance(batch, ZooError):
            raise batch
        if self.trainer is not None and self.trainer.training:
            step = self.trainer.fit_loop.epoch_loop.total_batch_idx + 1
            seed = numbered_seed(self.seed + self.rank, step)
            # As torch.manual_seed, which also records two stack traces for devices that are missing, at every step.
            torch.default_generator.manual_seed(seed)
            if (device := self.trainer.strategy.root_device.type) != "cpu":
                torch.get_device_module(device).manual_seed(seed)
        return batch

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Skips the transfer on CPU."""
        return batch if device.type == "cpu" else super().transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Augments training batches and normalizes all batches on the device."""
        if self.trainer is not None and self.trainer.training:
            batch = self.augment(batch)
        return self.normalize(batch)
