"""Runs our trainer and a plain loop alternately, so that both see the same load of the machine."""

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
    place = "gpu" if settings.device.type == "cuda" else "cpu"
    return new_run(
        to_dict(compose([*words, f"trainer.accelerator={place}"])),
        folder,
        model="benchmark",
        data="benchmark",
        datamodule=data,
    )


class InTurns:
    """Iterates over the batches of a loader; before each block of them, runs and times a block of the peer's steps.

    Our time is that between two batches: the step, the callbacks, the loggers and the loading; between epochs also
    validation and checkpoints. On a GPU a block of several steps measures training as it is: the program runs ahead.
    """

    def __init__(
        self, loader: Iterable[Any], steps: int, theirs: Callable[[], object], settings: Settings, block: int = 1
    ) -> None:
        self.loader = loader
        self.steps = steps
        self.theirs = theirs
        self.block = block
        self.clock = Clock(settings.device)
        self.memory = Memory(settings.device)
        self.spent_by_us: list[Spent] = []
        self.spent_by_them: list[Spent] = []
        self.peaks: tuple[list[float], list[float]] = ([], [])
        """Peak memory of our blocks and of theirs, in MiB, on a GPU."""

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[Any]:
        batches = endless(self.loader)
        for step in range(self.steps):
            if step % self.block == 0:
                self.stop()
                self._watch()
                self.spent_by_them.append(self.clock.time(self.theirs, self.block))
                self._peak(1)
                self._watch()
                self.clock.start()
            yield next(batches)

    def stop(self) -> None:
        """Ends the measurement of our last step."""
        if self.clock.running:
            spent = self.clock.stop()
            self.spent_by_us.append(Spent(spent.cpu / self.block, spent.wall / self.block))
            self._peak(0)

    def steps_measured(self, note: str = "") -> Measured:
        """Returns the medians over steps, without the warm-up and the last block, which ends the epoch."""
        wall = self.clock.device.type == "cuda"
        first = min(WARM_UP if self.block == 1 else 1, len(self.spent_by_us) - 2)
        ours, theirs = self.spent_by_us[first:-1], self.spent_by_them[first:-1]
        peaks = [max(side[first:-1], default=None) for side in self.peaks]
        return paired(ours, theirs, "wall" if wall else "cpu", peaks=peaks, note=note)

    def _watch(self) -> None:
        if self.clock.device.type == "cuda":
            self.memory.start()

    def _peak(self, side: int) -> None:
        if self.clock.device.type == "cuda":
            self.peaks[side].append(self.memory.stop() or 0.0)


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
    run: Run,
    theirs: Callable[[], object],
    settings: Settings,
    *,
    steps: int,
    epochs: int = 1,
    validate: bool = False,
    block: int = 1,
) -> InTurns:
    """Trains with the callbacks, loggers and hardware choices of `train.py`, alternating with the peer's steps.

    `theirs` runs one step of the peer, which loads its own batches; `block` steps of each side follow one another.
    """
    limits = {"max_epochs": epochs} if validate else {"max_epochs": epochs, "limit_val_batches": 0}
    run.config = run.config | {"trainer": run.config["trainer"] | limits}
    trainer = run.training_trainer()
    run.datamodule.trainer = trainer  # its loaders pin memory for a GPU
    loader = run.datamodule.train_dataloader()
    assert loader.pin_memory == (settings.device.type == "cuda")
    turns = InTurns(loader, steps, theirs, settings, block)
    handed = _Handed(run.datamodule, turns)
    with contextlib.redirect_stdout(io.StringIO()):  # the lines of the epochs
        trainer.fit(run.task, datamodule=handed)
    turns.stop()
    return turns


def endless(loader: Iterable[Any]) -> Iterator[Any]:
    """Yields the batches of a loader, epoch after epoch."""
    while True:
        yield from loader
