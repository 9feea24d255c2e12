"""Runs our trainer and a plain loop alternately, one step each, so that both see the same load of the machine."""

import contextlib
import io
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import torch
from pytorch_lightning import LightningDataModule, seed_everything

from benchmarks.clock import Clock, Memory, Spent
from benchmarks.settings import Settings
from benchmarks.timing import Measured, paired
from zoo.config.compose import compose, to_dict
from zoo.data.base import DataModule
from zoo.hardware import resolve_hardware
from zoo.run.build import attach_optimizer, build_callbacks, build_loggers, build_task, build_trainer, prepare_network
from zoo.tasks.base import Task

WARM_UP = 3  # steps of each side that are not measured


class Run(NamedTuple):
    """A task and its data, as `train.py` builds them."""

    config: dict[str, Any]
    task: Task
    data: DataModule


def build_run(words: Sequence[str], data: DataModule) -> Run:
    """Build the run of `python train.py WORDS` on the given data."""
    config = to_dict(compose(words))
    seed_everything(config["seed"], workers=True, verbose=False)
    data.setup()
    task = build_task(config["model"], data.metadata(), data.card())
    attach_optimizer(task, config["optimizer"], config["scheduler"])
    return Run(config, task, data)


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
        """End the measurement of our last step."""
        if self.clock.running:
            self.spent_by_us.append(self.clock.stop())

    def steps_measured(self, note: str = "") -> Measured:
        """Return the medians over steps, without the warm-up and the last step, which includes the end of the epoch."""
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
        """Pass the trainer on to the data."""
        self.data.trainer = self.trainer

    def train_dataloader(self) -> Any:
        """Return the given batches."""
        return self.batches

    def val_dataloader(self) -> Any:
        """Delegate to the data."""
        return self.data.val_dataloader()

    def on_before_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Delegate to the data."""
        return self.data.on_before_batch_transfer(batch, dataloader_idx)

    def transfer_batch_to_device(self, batch: Any, device: torch.device, dataloader_idx: int) -> Any:
        """Delegate to the data."""
        return self.data.transfer_batch_to_device(batch, device, dataloader_idx)

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        """Delegate to the data."""
        return self.data.on_after_batch_transfer(batch, dataloader_idx)


def train_in_turns(
    run: Run, theirs: Callable[[], object], settings: Settings, *, steps: int, epochs: int = 1, validate: bool = False
) -> InTurns:
    """Train with the callbacks, loggers and hardware choices of `train.py`, alternating with the peer's steps.

    `theirs` runs one step of the peer, which loads its own batches.
    """
    config = run.config | {"trainer": run.config["trainer"] | {"max_epochs": epochs}}
    if not validate:
        config["trainer"]["limit_val_batches"] = 0
    hardware = resolve_hardware(config["trainer"], channels_last=config["channels_last"], network=run.task.network)
    prepare_network(run.task, channels_last=hardware.channels_last, compiled=config["compile"])
    folder = Path(tempfile.mkdtemp(dir=settings.scratch))
    trainer = build_trainer(
        config["trainer"],
        hardware,
        folder,
        callbacks=build_callbacks(config, run.task, folder),
        loggers=build_loggers(config, folder),
        deterministic=config["deterministic"],
    )
    turns = InTurns(run.data.train_dataloader(), steps, theirs, settings)
    handed = _Handed(run.data, turns)
    with contextlib.redirect_stdout(io.StringIO()):  # the lines of the epochs
        trainer.fit(run.task, datamodule=handed)
    turns.stop()
    return turns


def _endless(loader: Iterable[Any]) -> Iterator[Any]:
    while True:
        yield from loader
