"""How long to measure, and on which device."""

from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of all suites."""

    device: torch.device
    repeats: int
    """Maximum number of pairs of measurements, one of ours and one of theirs, in a comparison."""
    seconds: float
    """Time after which a comparison ends early; it takes three pairs at least."""
    quick: bool
    """Runs each comparison once on small inputs, to test that it works; the times mean nothing."""
    data_root: Path
    """Folder that holds MNIST/raw."""
    scratch: Path
    """Folder for temporary files."""

    @property
    def pairs(self) -> int:
        """Maximum number of pairs of a comparison."""
        return 1 if self.quick else self.repeats

    @property
    def least_pairs(self) -> int:
        """Minimum number of pairs of a comparison."""
        return min(3, self.pairs)
