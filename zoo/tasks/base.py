"""The base class of all tasks: its interface for generic code, the optimizer, and the content of a checkpoint."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Literal

import torch
from pytorch_lightning.utilities.types import OptimizerLRScheduler
from torch import Tensor, nn
from torch.optim import Optimizer
from torchmetrics import MetricCollection

from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.optim import Plateau, Schedule, merge_param_groups, weight_decay_groups
from zoo.prediction.sources import resolve_source
from zoo.reports.comparison import comparison
from zoo.reports.page import Section
from zoo.tasks.companions import companion
from zoo.tasks.diagnosable import Diagnosable
from zoo.tasks.export import Program
from zoo.tasks.scheduling import schedule_over_training
from zoo.tasks.stages import Stages

CHECKPOINT_FORMAT = 2
"""Written into every checkpoint; increase it when `_target_` paths, state-dict keys or the card change."""

OptimizerFactory = Callable[[Iterable[dict[str, Any]]], Optimizer]
Baselines = dict[str, dict[str, float]]
"""Test metrics of each baseline: {baseline: {metric: value}}."""


class Task(Diagnosable, Stages):
    """A training procedure around one network: what a batch is, what the loss needs, which metrics are computed.

    A subclass sets `kind`, `monitor` and `monitor_mode` and implements `step`. Everything else has a default, which a
    subclass overrides where its batches or outputs differ. `report.py`, `baselines.py` and `predict.py` in the
    package of the class are found by name and are optional. `step` updates `metrics[stage]`; the values are logged
    once an epoch as `train/NAME`, `val/NAME` and `test/NAME`, next to `…/loss`.
    """

    kind: ClassVar[str]
    """The task in one word; data modules list the kinds that their batches feed."""
    monitor: ClassVar[str]  # the logged value that selects the best checkpoint
    monitor_mode: ClassVar[Literal["min", "max"]]
    measured_metadata: ClassVar[frozenset[str]] = frozenset()
    """Metadata measured on the training split; on other data, a checkpoint's own values are used."""
    row_names: ClassVar[tuple[str, ...]] = ()  # entries of the card that name rows of weights, such as users
    card_fields: ClassVar[Mapping[str, Any]] = {}
    """Types of the card's entries that a prediction reads, checked when a checkpoint is loaded."""
    card_together: ClassVar[tuple[str, ...]] = ()
    """Entries of which a card has all, or none: a network without data."""
    shardable: ClassVar[bool] = False
    """True if parameters are only used in the `forward` of the submodule that owns them, as FSDP requires."""
    calibration_folds: int = 0
    """Number of folds of the data to train on for `calibrate`, before training on all of it."""
    double_precision: ClassVar[bool] = False
    """True if the task computes in double precision, which Apple's GPUs lack."""
    default_weights: ClassVar[str | None] = None
    """Name of the published weights that a run loads if none are requested; `pretrained=random` loads none."""
    not_averaged: ClassVar[frozenset[str]] = frozenset()
    """Names of buffers that EMA copies instead of averaging, such as a threshold measured in validation."""

    def __init_subclass__(cls, **options: Any) -> None:
        """Requires the class attributes of a task that implements `step`.

        Raises:
            ZooError: `kind`, `monitor` or `monitor_mode` is not set.
        """
        super().__init_subclass__(**options)
        lacking = [name for name in ("kind", "monitor", "monitor_mode") if not hasattr(cls, name)]
        if lacking and cls.step is not Stages.step:
            raise ZooError(
                f"the task {cls.__module__}.{cls.__name__} must set {' and '.join(lacking)} in its class body"
            )

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        metrics: MetricCollection,
        train_metrics: MetricCollection | None = None,
    ) -> None:
        super().__init__(network=network, loss=loss, metrics=metrics, train_metrics=train_metrics)
        self.config: dict[str, Any] = {}
        """The completed model configuration that built this task."""
        self.card: dict[str, Any] = {}
        """Plain values that a prediction needs: preprocessing, class names, …."""
        self.recipe: dict[str, Any] = {}
        """Plain values that a resumed run keeps or changes openly: optimizer, schedule, trainer, …."""
        self.optimizer_factory: OptimizerFactory | None = None
        self.parameter_groups: Callable[[nn.Module], list[dict[str, Any]]] = weight_decay_groups
        self.schedule: Schedule | Plateau | None = None
        self.pretrained_network: Callable[[], nn.Module] | None = None
        """Builds a network with the weights that training started from; None without pretrained weights."""

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """The arguments of the network in a batch; None in place of an optional input that the batch lacks.

        Raises:
            ZooError: the batch is not a sequence, whose first item is the input by default.
        """
        if not isinstance(batch, Sequence):
            raise ZooError(
                f"{type(self).__name__} must implement network_inputs for a batch of type {type(batch).__name__}"
            )
        return (batch[0],)

    def num_samples(self, batch: Any) -> int:
        """The number of samples in a batch."""
        return len(self.network_inputs(batch)[0])

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Zeros as the network takes them, on torch's default device; None, and no FLOPs, without known data."""
        return None

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """One sample in a size that suits every network of this kind, on torch's default device.

        `network` is a completed configuration. The catalog's table counts FLOPs at this size; None: it counts none.
        """
        return None

    @property
    def pretrained_part(self) -> nn.Module:
        """The module that pretrained weights go to: the network, or a feature network of the loss."""
        return self.network

    def forward_network(self, *inputs: Any) -> Any:
        """Calls the network on inputs whose floating-point tensors are cast to the precision of its weights."""
        return self.network(*(_cast(value, self.dtype) for value in inputs))

    def features(self, source: Any, *, batch_size: int) -> Tensor:
        """Vectors [N D], one for each file or value of a source, which an override resolves.

        Raises:
            ZooError: this task has none.
        """
        raise ZooError(f"a {self.kind} model gives no vectors of its inputs")

    def resolve_source(self, source: Any) -> Any:
        """What a prediction reads: an existing path, a data frame, or a list of paths and images in memory.

        Raises:
            ZooError: nothing has this name, or another type.
        """
        return resolve_source(source)

    def fill_mask(self, texts: Sequence[str], *, top: int) -> list[Any]:
        """The best `top` tokens in place of each `[MASK]`, one result for each text.

        Raises:
            ZooError: this task has no vocabulary.
        """
        raise ZooError(f"a {self.kind} model fills no masks: take one of model=bert, such as bert_tiny")

    def preprocessing_entries(self) -> tuple[str, ...]:
        """The entries of the preprocessing without which a checkpoint is refused."""
        return ()

    def compile_network(self) -> None:
        """Compiles every method of the network that the task calls; compilation happens at the first call."""
        self.network.compile()

    def baselines(self, datamodule: DataModule) -> Baselines:
        """Test metrics of simple models fitted on the same split: `baselines(datamodule, task)` of `baselines.py`."""
        module = companion(type(self), "baselines")
        return {} if module is None else module.baselines(datamodule, self)

    def report_sections(self, datamodule: DataModule, folder: Path, results: Mapping[str, Any]) -> list[Section]:
        """The sections of the report; `results` is the content of `metrics.json`.

        `sections(task, datamodule, folder, results)` of `report.py`, or else the test metrics beside the baselines.
        """
        module = companion(type(self), "report")
        if module is not None:
            return [*module.sections(self, datamodule, folder, results)]
        return [comparison(results, self.monitor.partition("/")[2], folder)]

    def prepare_evaluation(self, datamodule: DataModule) -> dict[str, Any]:
        """Prepares the task and its data, not yet loaded, for a test from a checkpoint.

        Keyword-only parameters of an override are options of the command. Returns the metadata that it changed, with
        their original values.
        """
        return {}

    def finish_evaluation(self, datamodule: DataModule) -> None:
        """Undoes what `prepare_evaluation` changed in the data."""

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """The program to export as `format`; further keyword-only parameters of an override are options of the command.

        Raises:
            ZooError: this task cannot be exported.
        """
        raise ZooError(f"{self.kind} models cannot be exported")

    def export_metadata(self) -> Mapping[str, Any]:
        """Metadata of an exported file: model name, kind, class names and preprocessing."""
        return {
            "model": self.card.get("model_name"),
            "kind": self.kind,
            "class_names": self.card.get("class_names"),
            "preprocessing": self.card.get("preprocessing"),
        }

    def evaluation_settings(self) -> dict[str, Any]:
        """Settings of the test to record in `metrics.json`."""
        return {}

    def advice(self, better: Sequence[str]) -> list[str]:
        """Console lines: what the metrics stand for, and what to try, given the baselines that beat the model."""
        return []

    def solve(self, datamodule: DataModule) -> None:
        """Sets the weights of a network without trainable parameters, before its validation; nothing by default."""

    def calibrate(self, folds: Sequence["Task"]) -> None:
        """Takes what validation would measure from tasks trained and validated on `calibration_folds` of the data."""

    def configure_optimizers(self) -> OptimizerLRScheduler:
        """The optimizer of the parameter groups and its schedule over the steps of the trainer.

        Raises:
            ZooError: no optimizer is set, or the schedule needs an end of training that the trainer lacks.
        """
        if self.optimizer_factory is None:
            raise ZooError(
                "this model has no optimizer, as a checkpoint brings none: set model.optimizer_factory = "
                "partial(torch.optim.AdamW, lr=1e-4) before trainer.fit"
            )
        optimizer = self.optimizer_factory(self.parameter_groups(self))
        merge_param_groups(optimizer)
        if self.schedule is None:
            return optimizer
        return schedule_over_training(
            optimizer, self.schedule, self.trainer, monitor=self.monitor, mode=self.monitor_mode
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Adds the model configuration, the card and the recipe as plain values; `zoo.load` builds from the first."""
        described = {"model": self.config, "card": self.card, "recipe": self.recipe}
        checkpoint["zoo"] = {"format": CHECKPOINT_FORMAT, **described}


def _cast(value: Any, dtype: torch.dtype | str) -> Any:
    return value.to(dtype) if isinstance(value, Tensor) and value.is_floating_point() else value
