"""Runs our trainer and a plain loop alternately, one step each, so that both see the same load of the machine."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningDataModule

from benchmarks.clock import Clock, Memory, Spent
from benchmarks.settings import Settings
from benchmarks.timing import Measured, paired
from zoo.config.compose import compose, to_dict
from zoo.data.base import DataModule
from zoo.run.run import Run, new_run

WARM_UP = 3  # steps of each side that are not measured


def build_run(words: Sequence[str], data: DataModule, settings: Settings) -> Run:
    """Builds the run of `python train.py WORDS` on the given data, in a new folder."""
    folder = Path(tempfile.mkdtemp(dir=settings.scratch))
    return new_run(to_dict(compose(words)), folder, model="benchmark", data="benchmark", datamodule=data)


class InTurns:
    """Iterates over the batches of a loader; before each, runs and times one step of the peer.

    Our time is that between two batches: the step, the callbacks, the loggers and the loading; between epochs also
    validation and checkpoints.
    """

    def __init__(self, loader: Iterable[Any], steps: int, theirs: Callable[[], object], settings: Settings) -> None:
        self.loader = loader
        self.steps = steps
        self.theirs = theirs
        self.clock = Clock(settings.device)
        self.memory = Memory(settings.device)
        self.spent_by_us: list[Spent] = []
        self.spent_by_them: list[Spent] = []
        self.peaks: list[float | None] = []

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Any]:
        batches = _endless(self.loader)
        for _ in range(self.steps):
            self.stop()
            self.spent_by_them.append(self.clock.time(self.theirs))
            self.clock.start()
            yield next(batches)

    def stop(self) -> None:
        """Ends the measurement of our last step."""
        if self.clock.running:
            self.spent_by_us.append(self.clock.stop())

    def steps_measured(self, note: str = "") -> Measured:
        """Returns medians over steps, without the warm-up and the last step, which includes the end of the epoch."""
        wall = self.clock.device.type == "cuda"
        first = min(WARM_UP, len(self.spent_by_us) - 2)
        ours, theirs = self.spent_by_us[first:-1], self.spent_by_them[first:-1]
        return paired(ours, theirs, "wall" if wall else "cpu", note=note)


class _Handed(LightningDataModule):
    """A data module with other training batches."""

    def __init__(self, data: DataModule, batches: Iterable[Any]) -> None:
        super().__init__()
        self.data = data
        self.batches = batches

    def setup(self, stage: str) -> None:
        """Passes the trainer on to the data."""
        self.data.trainer = self.trainer

    def train_dataloader(self) -> Any:
        """Returns the given batches."""
        return self.batches

    def val_dataloader(self) -> Any:
        """Delegates to the data."""
        return self.data.val_dataloader()

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Delegates to the data."""
        return self.data.on_before_batch_transfer(batch, dataloader_idx)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Delegates to the data."""
        return self.data.transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Delegates to the data."""
        return self.data.on_after_batch_transfer(batch, dataloader_idx)


def train_in_turns(
    run: Run, theirs: Callable[[], object], settings: Settings, *, steps: int, epochs: int = 1, validate: bool = False
) -> InTurns:
    """Trains with the callbacks, loggers and hardware choices of `train.py`, alternating with the peer's steps.

    `theirs` runs one step of the peer, which loads its own batches.
    """
    limits = {"max_epochs": epochs} if validate else {"max_epochs": epochs, "limit_val_batches": 0}
    run.config = run.config | {"trainer": run.config["trainer"] | limits}
    trainer = run.training_trainer()
    turns = InTurns(run.datamodule.train_dataloader(), steps, theirs, settings)
    handed = _Handed(run.datamodule, turns)
    with contextlib.redirect_stdout(io.StringIO()):  # the lines of the epochs
        trainer.fit(run.task, datamodule=handed)
    turns.stop()
    return turns


def _endless(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader
