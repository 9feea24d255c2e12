"""Gathers the rows of a batch from tensors in memory."""

import torch
from jaxtyping import Int, Shaped
from torch import Tensor


def gather_rows(values: Shaped[Tensor, "n *row"], indices: Int[Tensor, " b"]) -> Shaped[Tensor, "b *row"]:
    """Returns a copy of rows, several times as fast as indexing.

    Where CUDA is in use, the copy lies in page-locked memory: it goes to the GPU without another one, and PyTorch
    keeps its blocks for the next batches, in place of new pages that the system must fill with zeros.

    Raises:
        IndexError: an index outside of 0 … n - 1.
    """
    if not torch.cuda.is_initialized():
        return values.index_select(0, indices)
    rows = torch.empty((len(indices), *values.shape[1:]), dtype=values.dtype, pin_memory=True)
    return torch.index_select(values, 0, indices, out=rows)
