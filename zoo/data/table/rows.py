"""The rows of a split: batches of inputs and targets by row number."""

from collections.abc import Sequence
from hashlib import blake2b
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from zoo.data.table.columns import Encoded, inputs
from zoo.data.table.raw import RawTable


class TableRows:
    """A batch is `(inputs [B F], targets [B])`, in double precision; targets are class indices or numbers.

    `source` has the numbers of the rows in their file.
    """

    in_memory = True

    def __init__(
        self, encoded: Encoded, targets: Shaped[np.ndarray, " n"], sizes: Sequence[int], source: RawTable
    ) -> None:
        self.encoded = encoded
        self.targets = torch.from_numpy(targets)
        self.sizes = sizes
        self.numbers, self.where = source.rows, Path(source.where).name

    def __len__(self) -> int:
        return len(self.targets)

    def digest(self) -> str:
        """A hash of all rows in their order."""
        parts = (*self.encoded, self.targets.numpy())
        return blake2b(b"".join(np.ascontiguousarray(part).tobytes() for part in parts), digest_size=8).hexdigest()

    def __getitem__(self, rows: Int[Tensor, " b"]) -> tuple[Float[Tensor, "b f"], Shaped[Tensor, " b"]]:
        part = Encoded(*(values[rows.numpy()] for values in self.encoded))
        return inputs(part, self.sizes), self.targets[rows]

    def sample_name(self, index: int) -> str:
        """The file of a row and its number there, from 1."""
        return f"{self.where}, row {self.numbers[index]}"

    def arrays(
        self, most: int | None = None, seed: int = 0
    ) -> tuple[Float[np.ndarray, "n f"], Shaped[np.ndarray, " n"]]:
        """Inputs and targets of all rows, or of `most` of them, drawn at random."""
        rows = np.arange(len(self))
        if most is not None and len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
        values, targets = self[torch.from_numpy(rows)]
        return values.numpy(), targets.numpy()
