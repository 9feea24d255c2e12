"""Names of samples in messages and reports."""

from typing import Any, Protocol, runtime_checkable


@runtime_checkable
class NamedSamples(Protocol):
    """A split that knows what its samples were read from."""

    def sample_name(self, index: int) -> str:
        """The file of a sample, or its table and the number of its row, from 1."""


def sample_name(split: Any, index: int) -> str:
    """The name of a sample, or its number in a split without names, from 0."""
    return split.sample_name(index) if isinstance(split, NamedSamples) else f"test sample {index}"
