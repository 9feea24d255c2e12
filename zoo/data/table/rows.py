"""The rows of a split: batches of inputs and targets by row number."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float, Int, Shaped
from torch import Tensor

from zoo.data.table.columns import Encoded, inputs


class TableRows:
    """A batch is `(inputs [B F], targets [B])`, in double precision; targets are class indices or numbers."""

    in_memory = True

    def __init__(self, encoded: Encoded, targets: Shaped[np.ndarray, " n"], sizes: Sequence[int]) -> None:
        self.encoded = encoded
        self.targets = torch.from_numpy(targets)
        self.sizes = sizes

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, rows: Int[Tensor, " b"]) -> tuple[Float[Tensor, "b f"], Shaped[Tensor, " b"]]:
        part = Encoded(*(values[rows.numpy()] for values in self.encoded))
        return inputs(part, self.sizes), self.targets[rows]

    def arrays(
        self, most: int | None = None, seed: int = 0
    ) -> tuple[Float[np.ndarray, "n f"], Shaped[np.ndarray, " n"]]:
        """Inputs and targets of all rows, or of `most` of them, drawn at random."""
        rows = np.arange(len(self))
        if most is not None and len(rows) > most:
            rows = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
        values, targets = self[torch.from_numpy(rows)]
        return values.numpy(), targets.numpy()
