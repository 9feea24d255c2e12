"""Loaders of whole batches: nothing is collated, and an error of a worker process keeps its one line."""

from typing import Any

from torch import Tensor
from torch.utils.data import Dataset

from zoo.errors import ZooError


class ErrorsAsBatches(Dataset[Any]):
    """Returns a ZooError as if it were a batch: workers would wrap a raised one in a traceback."""

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, indices: Tensor | int) -> Any:
        try:
            return self.dataset[indices]
        except ZooError as error:
            return error


def keep_batch(batch: Any) -> Any:
    """Returns a batch as its dataset made it: the `collate_fn` of a loader whose dataset is indexed by batches."""
    return batch
