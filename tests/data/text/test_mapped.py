"""Tokens stay on the disk: a corpus of 10⁹ tokens takes no memory."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from zoo.data.text.corpus import Corpus
from zoo.data.text.mapped import GrowingArray
from zoo.data.text.pairs import Pairs

TOKENS = 1_000_000_000


def anonymous_memory() -> int:
    """Bytes of this process that are not in a file."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) * 1024
    raise AssertionError


def test_values_come_back_from_the_disk():
    array = GrowingArray(np.int64, columns=2)
    array.append([[1, 2]])
    array.append([[3, 4], [5, 6]])
    assert isinstance(mapped := array.mapped(), np.memmap)
    assert mapped.tolist() == [[1, 2], [3, 4], [5, 6]]
    assert GrowingArray(np.int32).mapped().shape == (0,)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_batches_of_a_billion_tokens_take_no_memory(tmp_path: Path):
    path = tmp_path / "tokens"
    with path.open("wb") as file:
        file.truncate(4 * TOKENS)  # a sparse file: zeros that take no place
    none = np.zeros(1, dtype=np.int64)
    corpus = Corpus(tokens=np.memmap(path, np.int32, "r+", shape=(TOKENS,)), sentences=none, documents=none)
    starts = np.linspace(0, TOKENS - 64, 1024).astype(np.int64)
    table = np.stack([starts, *(np.full(1024, value) for value in (30, 0, 0, 0))], axis=1)
    pairs = Pairs(corpus, table, cls_id=2, sep_id=3, pad_id=0)
    batches = torch.arange(1024).split(32)
    pairs[batches[0]]
    before = anonymous_memory()
    for indices in batches:
        assert pairs[indices].tokens.shape == (32, 32)
    assert anonymous_memory() - before < 16e6  # of 4e9 bytes
