"""How much is measured, and on what."""

from dataclasses import dataclass
from pathlib import Path

import torch


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What every suite is given."""

    device: torch.device
    repeats: int
    """Pairs of ours and theirs in one comparison."""
    seconds: float
    """After which a comparison ends early, but not before three pairs."""
    quick: bool
    """Each comparison once, on small inputs: shows that it runs, not how fast."""
    data_root: Path
    """Where MNIST lies."""
    scratch: Path
    """A folder for files that are needed while measuring."""

    @property
    def pairs(self) -> int:
        """Of one comparison, at most."""
        return 1 if self.quick else self.repeats

    @property
    def least_pairs(self) -> int:
        """Of one comparison, however slow."""
        return min(3, self.pairs)
