"""The table `metrics.csv` of a run, which is whole at every moment."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import Logger
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor

from zoo.checkpoints.io import write_atomically


class MetricsTable(Logger):
    """Keeps all rows, and replaces the file by all of them.

    Lightning's CSVLogger empties and writes the file again where a new column comes, as before the test: a run that is
    stopped in between loses its rows, or has some of them twice.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder
        self.rows: list[dict[str, Any]] = []
        """Values by column; `step` is in all rows."""

    @property
    def name(self) -> str:
        """Always empty: the run directory has the name of the run."""
        return ""

    @property
    def version(self) -> str:
        """Always empty, as `name`."""
        return ""

    @property
    def save_dir(self) -> str:
        """The run directory."""
        return str(self.folder)

    def log_hyperparams(self, *_: Any, **__: Any) -> None:
        """Writes nothing: `.hydra` and the checkpoints hold the configuration."""

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Adds a row, which Lightning saves at once."""
        values = {name: value.item() if isinstance(value, Tensor) else value for name, value in metrics.items()}
        self.rows.append(values | {"step": len(self.rows) if step is None else step})

    @rank_zero_only
    def save(self) -> None:
        """Writes the rows that were logged so far; the same again where a save was interrupted."""
        if self.rows:
            self.folder.mkdir(parents=True, exist_ok=True)
            write_atomically(self.folder / "metrics.csv", self._write)

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Saves once more, after an interruption too."""
        self.save()

    def _write(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=sorted(set().union(*self.rows)))
            writer.writeheader()
            writer.writerows(self.rows)
