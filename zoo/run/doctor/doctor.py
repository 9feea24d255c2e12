"""Callback that collects the facts of each epoch and prints at most one finding."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from pytorch_lightning import Callback, LightningModule, Trainer
from torch import Tensor, nn
from torch.optim import Optimizer

from zoo.data.base import DataModule
from zoo.run.console import rank_zero_print
from zoo.run.doctor import mechanics, outcomes
from zoo.run.doctor.facts import Facts, Finding, Layer
from zoo.run.doctor.gradients import GradientSamples
from zoo.run.doctor.readings import completed, drops_units, fingerprint, frozen_norms, loss_scale, steps_to_settle
from zoo.run.throughput import Throughput
from zoo.tasks.base import Task
from zoo.tasks.diagnosable import ClassCounts

SAMPLE_EVERY = 20  # steps; reading all gradients costs little, not nothing
_LEAST_SAMPLES = 5  # sampled steps before gradients are judged

CHECKS: tuple[Callable[[Facts], Finding | None], ...] = (
    mechanics.overflows,
    mechanics.unchanged,
    mechanics.exploding,
    mechanics.vanishing,
    mechanics.dead_units,
    outcomes.not_finite,
    outcomes.one_class,
    outcomes.stuck,
    outcomes.collapsed,
    mechanics.frozen_norms,
    outcomes.validation_better,
    outcomes.overfits,
    mechanics.waits_for_data,
)
"""Causes before their effects: the first finding that has not been printed yet is the line of an epoch."""

_FINDING: dict[str, type] = {"name": str, "text": str, "advice": str, "epoch": int, "epochs": int}


class Doctor(Callback):
    """Looks for faults of training at the end of each epoch.

    Each finding is printed once, and at most one an epoch. `findings` has all of them, for the report. A step does not
    wait for the device: gradients are sampled every 20 steps into sums that are read at the end of an epoch.
    """

    def __init__(self) -> None:
        self.findings: list[dict[str, Any]] = []
        """For each finding its `name`, `text` and `advice`, its first `epoch`, and in how many `epochs` it was seen."""
        self._printed: list[str] = []
        self._history: list[dict[str, float]] = []
        self._first_layers: list[Layer] = []
        self._samples: GradientSamples | None = None
        self._steps = 0
        self._norms: dict[str, Tensor] = {}
        self._weights: Tensor | None = None
        self._classes: ClassCounts | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes the weights to sample and the statistics of frozen batch norms."""
        task = _task(pl_module)
        self._samples = GradientSamples(task.network)
        self._weights = fingerprint(task)
        self._norms = {name: norm.running_mean.clone() for name, norm in frozen_norms(task.network).items()}

    def on_before_optimizer_step(self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer) -> None:
        """Samples the gradients of one step of twenty."""
        self._steps += 1
        if self._steps % SAMPLE_EVERY == 2 and self._samples is not None:
            self._samples.add()

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reads the counts of classes before the task resets them."""
        if not trainer.sanity_checking:
            self._classes = _task(pl_module).class_counts()

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes all findings of the epoch and prints the first new one."""
        task = _task(pl_module)
        logged = trainer.callback_metrics | task.train_metrics.compute()  # reduced over all processes
        facts = self._facts(trainer, task, {name: float(value) for name, value in logged.items()})
        found = [finding for check in CHECKS if (finding := check(facts)) is not None]
        for finding in found:
            self._note(finding, trainer.current_epoch + 1)
        new = [finding for finding in found if finding.name not in self._printed]
        if new:
            self._printed.append(new[0].name)
            rank_zero_print(f"doctor: {new[0]}")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Notes test labels that look wrong."""
        data: Any = getattr(trainer, "datamodule", None)
        suspects = [] if data is None else _task(pl_module).suspect_labels(data.dataset("test"))
        self.findings = [each for each in self.findings if each["name"] != "labels"]
        if suspects:
            advice = "look at them; a label that is wrong here has others like it in the training split"
            finding = Finding("labels", f"labels look wrong: {'; '.join(suspects)}", advice)
            self._note(finding, trainer.current_epoch)
            rank_zero_print(f"doctor: {finding}")

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs to go on."""
        return {
            "findings": self.findings,
            "printed": self._printed,
            "history": self._history,
            "first_layers": [tuple(layer) for layer in self._first_layers],
            "steps": self._steps,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores `state_dict` before the first epoch; the test at the end loads the state of the best one too."""
        if self._history:
            return
        self.findings = [
            {name: kind(finding[name]) for name, kind in _FINDING.items()} for finding in state_dict["findings"]
        ]
        self._printed = [str(name) for name in state_dict["printed"]]
        self._history = [{str(n): float(value) for n, value in row.items()} for row in state_dict["history"]]
        self._steps = int(state_dict["steps"])
        layers = state_dict["first_layers"]
        self._first_layers = [Layer(str(name), float(rms), int(n), int(dead)) for name, rms, n, dead in layers]

    def _facts(self, trainer: Trainer, task: Task, logged: Mapping[str, float]) -> Facts:
        data: Any = getattr(trainer, "datamodule", None)
        known = data if isinstance(data, DataModule) else None
        augmented = known is not None and known.augments
        chance = task.chance()
        kept = {"train/loss", "val/loss", *([] if chance is None else [chance.metric])}
        self._history.append({name: value for name, value in logged.items() if name in kept})
        layers = self._layers()
        self._first_layers = self._first_layers or layers
        measured = next((c for c in trainer.callbacks if isinstance(c, Throughput)), None)  # type: ignore[attr-defined]
        signs = task.signs_of_collapse(logged)
        before, self._weights = self._weights, fingerprint(task)
        return Facts(
            steps=trainer.global_step,
            fraction=completed(trainer),
            least_steps=steps_to_settle(task.network),
            history=self._history,
            harder=not task.comparable_losses or drops_units(task.network) or augmented,
            chance=chance,
            classes=self._classes,
            collapse=signs,
            collapse_advice=task.collapse_advice() if signs else "",
            layers=layers,
            first_layers=self._first_layers,
            loss_scale=loss_scale(trainer),
            waiting=measured.waiting_share if measured else 0.0,
            seconds=measured.epoch_seconds if measured else 0.0,
            loading_advice=known.loading_advice() if known else [],
            drifted=self._drifted(task.network),
            unchanged=before is not None and self._weights is not None and torch.equal(before, self._weights),
        )

    def _layers(self) -> list[Layer]:
        if self._samples is None or self._samples.count < _LEAST_SAMPLES:
            return []
        return self._samples.layers()

    def _drifted(self, network: nn.Module) -> list[str]:
        moved = {name: norm.running_mean for name, norm in frozen_norms(network).items() if name in self._norms}
        return [name for name, mean in moved.items() if not torch.equal(self._norms[name], mean)]

    def _note(self, finding: Finding, epoch: int) -> None:
        known = next((each for each in self.findings if each["name"] == finding.name), None)
        if known is None:
            self.findings.append(finding._asdict() | {"epoch": epoch, "epochs": 1})
        else:
            known["epochs"] += 1


def findings_of(trainer: Trainer) -> list[dict[str, Any]]:
    """The findings of the doctor of a trainer; empty without one."""
    doctors = [callback for callback in trainer.callbacks if isinstance(callback, Doctor)]  # type: ignore[attr-defined]
    return doctors[0].findings if doctors else []


def _task(module: LightningModule) -> Task:
    assert isinstance(module, Task)
    return module
