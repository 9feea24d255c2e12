"""The table `metrics.csv` of a run, which is whole at every moment."""

import csv
from pathlib import Path

from pytorch_lightning.loggers import CSVLogger
from pytorch_lightning.loggers.csv_logs import ExperimentWriter
from pytorch_lightning.loggers.logger import rank_zero_experiment

from zoo.checkpoints.io import write_atomically


class MetricsTable(CSVLogger):
    """Lightning's logger, with a file that no interruption cuts short.

    Lightning empties and writes the file again where a new column comes, as before the test: a run that is stopped in
    between loses its rows, or has some of them twice.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, name="", version="")

    @property
    @rank_zero_experiment
    def experiment(self) -> ExperimentWriter:
        """The writer of the file."""
        writer = self._experiment
        if not isinstance(writer, _Writer):
            writer = self._experiment = _Writer(log_dir=self.log_dir)
        return writer


class _Writer(ExperimentWriter):
    """Keeps all rows, and replaces the file by all of them."""

    def save(self) -> None:
        """Writes the rows that were logged so far; the same again where a save was interrupted."""
        if self.metrics:
            self._record_new_keys()
            write_atomically(Path(self.metrics_file_path), self._write)

    def _write(self, path: Path) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=self.metrics_keys)
            writer.writeheader()
            writer.writerows(self.metrics)

    def _check_log_dir_exists(self) -> None:
        """Leaves the table of a run that is resumed in its own folder, until the first save replaces it."""
