"""What every data set shares: it describes itself, and is batched by one indexing call."""

import time
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import torch
from pytorch_lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from zoo.data.sampling import IndexBatches, numbered_seed
from zoo.errors import ZooError
from zoo.hardware import cores, data_workers

Split = Literal["train", "val", "test"]


@runtime_checkable
class BatchDataset(Protocol):
    """Samples that are fetched a batch at a time."""

    in_memory: bool
    """True where fetching a batch costs too little to be worth a worker process."""

    def __len__(self) -> int: ...

    def __getitem__(self, indices: Tensor) -> Any: ...


class DataModule(LightningDataModule, ABC):
    """Train, validation and test splits of one data set.

    A subclass implements `load`, and `metadata` and `card` where it has something to say. `normalize` runs on every
    batch and `augment` before it on training batches, both on the device.
    """

    feeds: ClassVar[frozenset[str]] = frozenset()
    """The kinds of tasks that can read its batches; empty: it does not say."""

    def __init__(self, *, batch_size: int, num_workers: int | Literal["auto"], seed: int) -> None:
        super().__init__()
        if num_workers != "auto" and num_workers < 0:
            raise ZooError(f"`data.num_workers` (={num_workers}) must be auto or at least 0")
        self.batch_size = batch_size
        self.num_workers = num_workers
        self.seed = seed
        self.config: dict[str, Any] = {}
        """The configuration that built this data module; stored in checkpoints."""
        self.received = 0.0
        """When the last batch was there, as `time.perf_counter` tells."""
        self._splits: dict[str, Any] = {}

    @abstractmethod
    def load(self) -> dict[str, Any]:
        """The splits, `{"train": BatchDataset, "val": …, "test": …}`; called once.

        Raises:
            ZooError: the data is not there or not usable.
        """

    def metadata(self) -> dict[str, Any]:
        """Plain values that networks, losses and tasks ask for by name: `num_classes`, `in_channels`, …"""
        return {}

    def card(self) -> dict[str, Any]:
        """Plain values that a prediction needs: `preprocessing`, `class_names`, …"""
        return {}

    def augment(self, batch: Any) -> Any:
        """A training batch, varied at random."""
        return batch

    def normalize(self, batch: Any) -> Any:
        """A batch as the network wants it."""
        return batch

    def setup(self, stage: str | None = None) -> None:
        """Loads the splits, unless they are there."""
        if not self._splits:
            self._splits = self.load()

    def dataset(self, name: Split) -> Any:
        """The data set of a split."""
        self.setup()
        return self._splits[name]

    def sampler(self, name: Split) -> Sampler[Tensor]:
        """The batches of a split, as indices."""
        return IndexBatches(
            len(self.dataset(name)),
            self.batch_size,
            shuffle=name == "train",
            seed=self.seed,
            rank=self.trainer.global_rank if self.trainer else 0,
            world_size=self.trainer.world_size if self.trainer else 1,
        )

    def loader(self, name: Split) -> DataLoader[Any]:
        """The batches of a split."""
        dataset: Any = self.dataset(name)
        workers = 0 if dataset.in_memory else data_workers(self.num_workers)
        return DataLoader(
            _ErrorsAsBatches(dataset) if workers else dataset,
            sampler=self.sampler(name),
            batch_size=None,
            num_workers=workers,
            collate_fn=_as_it_is,
            pin_memory=self.trainer is not None and self.trainer.strategy.root_device.type == "cuda",
            persistent_workers=workers > 0,
        )

    def loading_advice(self) -> list[str]:
        """What to change where training waits for the data; nothing where no option would help."""
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
        """Seeds each training step from the seed and its number, so that a resumed run draws what it would have.

        Raises:
            ZooError: a worker met it; workers themselves would bury it in a traceback.
        """
        self.received = time.perf_counter()
        if isinstance(batch, ZooError):
            raise batch
        if self.trainer is not None and self.trainer.training:
            step = self.trainer.fit_loop.epoch_loop.total_batch_idx + 1
            seed = numbered_seed(self.seed + self.trainer.global_rank, step)
            if self.trainer.strategy.root_device.type == "cpu":
                torch.default_generator.manual_seed(seed)
            else:  # slow where there is no GPU: writes down a stack trace for each kind that might be there later
                torch.manual_seed(seed)
        return batch

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """A batch that is to stay on the CPU is there already."""
        return batch if device.type == "cpu" else super().transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Augments training batches and normalizes all, on the device."""
        if self.trainer is not None and self.trainer.training:
            batch = self.augment(batch)
        return self.normalize(batch)


class _ErrorsAsBatches(Dataset[Any]):
    """Hands a user's mistake out of a worker process as if it were a batch."""

    def __init__(self, dataset: BatchDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, indices: Tensor) -> Any:
        try:
            return self.dataset[indices]
        except ZooError as error:
            return error


def _as_it_is(batch: Any) -> Any:
    return batch
