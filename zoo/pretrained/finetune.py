"""Fine-tuning: which layers train, from when on, and at what rate."""

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from zoo.config.instantiate import complete, instantiate
from zoo.errors import ZooError
from zoo.networks.heads import head_paths
from zoo.networks.staged import StagedNetwork
from zoo.optim import weight_decay_groups
from zoo.tasks.base import Task

Parts = list[list[nn.Module]]


@dataclass(frozen=True, kw_only=True)
class Head:
    """Trains the last layer alone; the trunk's weights and running statistics stay as they are, bit for bit."""

    def apply(self, task: Task) -> list[Callback]:
        """Freezes the trunk."""
        stages, _ = stages_and_head(task.network)
        freeze(task.network, len(stages))
        return [KeepFrozenInEval(len(stages))]


@dataclass(frozen=True, kw_only=True)
class Gradual:
    """Trains the head first, then unfreezes the stages from the last to the first, evenly spread over training.

    Source: Howard and Ruder, Universal Language Model Fine-tuning, 2018, arXiv:1801.06146, section 3.3.
    `unfrozen_at` is the fraction of training after which everything trains, `layer_decay` as in `Full`.
    """

    unfrozen_at: float
    layer_decay: float

    def __post_init__(self) -> None:
        if not 0 < self.unfrozen_at <= 1:
            raise ZooError(f"`finetune.unfrozen_at` (={self.unfrozen_at}) must be above 0 and at most 1")
        _require_decay(self.layer_decay)

    def apply(self, task: Task) -> list[Callback]:
        """Sets the rates; the callback freezes and unfreezes."""
        task.parameter_groups = partial(layer_groups, layer_decay=self.layer_decay)
        return [GradualUnfreezing(self.unfrozen_at)]


@dataclass(frozen=True, kw_only=True)
class Full:
    """Trains everything, the more slowly the nearer to the input.

    The head learns at the optimizer's rate, the stage `k` places before it at the rate times `layer_decay` to the
    power of `k` (Clark et al., ELECTRA, 2020, arXiv:2003.10555; 1 is the same rate for all).
    """

    layer_decay: float

    def __post_init__(self) -> None:
        _require_decay(self.layer_decay)

    def apply(self, task: Task) -> list[Callback]:
        """Sets the rates."""
        task.parameter_groups = partial(layer_groups, layer_decay=self.layer_decay)
        return []


def apply_finetuning(config: dict[str, Any] | None, task: Task, *, pretrained: bool) -> list[Callback]:
    """Makes the task train as a `finetune` configuration says; the callbacks that keep it so."""
    if not config:  # null, or finetune=none in place of what a recipe chose
        return []
    way = instantiate(complete(config, {}, "finetune"), "finetune")
    assert isinstance(way, Head | Gradual | Full)
    if isinstance(way, Head) and not pretrained:
        print("warning: finetune=head trains the last layer on random features: give pretrained=…", file=sys.stderr)
    return way.apply(task)


def stages_and_head(network: nn.Module) -> tuple[Parts, list[nn.Module]]:
    """The layers of each stage of the trunk from the input on, and what follows the trunk.

    A network that names no stages has one for each of its layers with weights; its head is that of `head_paths`.
    """
    if isinstance(network, StagedNetwork):
        stages = [list(layers.values()) for layers in network.stages().values()]
        trunk = {name.partition(".")[0] for layers in network.stages().values() for name in layers}
        return stages, [module for name, module in network.named_children() if name not in trunk]
    heads = head_paths(network)
    layers = {name: m for name, m in network.named_modules() if any(True for _ in m.parameters(recurse=False))}
    stages = [[layer] for name, layer in layers.items() if name not in heads]
    if not stages:
        raise ZooError(f"`finetune`: {type(network).__name__} has no trunk and head to tell apart")
    return stages, [layer for name, layer in layers.items() if name in heads]


def layer_groups(task: Task, *, layer_decay: float) -> list[dict[str, Any]]:
    """Parameter groups of each stage at its own rate; norms and biases apart, without weight decay."""
    stages, head = stages_and_head(task.network)
    rate = _rate(task)
    groups: list[dict[str, Any]] = []
    for distance, part in enumerate([head, *reversed(stages)]):
        for group in weight_decay_groups(nn.ModuleList(part)):
            groups.append(group | {"lr": rate * layer_decay**distance})
    placed = {id(p) for group in groups for p in group["params"]}
    rest = [p for p in task.parameters() if p.requires_grad and id(p) not in placed]
    return groups + ([{"params": rest}] if rest else [])  # weights of the loss, say


def freeze(network: nn.Module, frozen: int) -> None:
    """Lets the first `frozen` stages stay as they are and the others train; with all of them, only the last layer."""
    stages, _ = stages_and_head(network)
    network.requires_grad_(True)
    for stage in stages[:frozen]:
        for layer in stage:
            layer.requires_grad_(False)
    if frozen == len(stages) and isinstance(network, StagedNetwork):
        network.requires_grad_(False)
        for name, module in network.named_modules():
            if name in head_paths(network):
                module.requires_grad_(True)


def rest_frozen(network: nn.Module, frozen: int) -> None:
    """Puts the first `frozen` stages, and norms that do not train, in eval mode, so that no statistic moves."""
    stages, _ = stages_and_head(network)
    for stage in stages[:frozen]:
        for layer in stage:
            layer.eval()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and not any(
            p.requires_grad for p in module.parameters()
        ):
            module.eval()


class KeepFrozenInEval(Callback):
    """Keeps frozen stages in eval mode while the rest trains."""

    def __init__(self, frozen: int) -> None:
        self.frozen = frozen

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Lightning may have put the network in training mode."""
        rest_frozen(_network(pl_module), self.frozen)


class GradualUnfreezing(Callback):
    """Unfreezes one stage after another, the last first."""

    def __init__(self, unfrozen_at: float) -> None:
        self.unfrozen_at = unfrozen_at

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Refuses several processes: they share gradients of the parameters that trained at the start alone.

        Warns where training ends before everything trains.
        """
        if stage != "fit":
            return
        if trainer.world_size > 1:
            raise ZooError("finetune=gradual trains on one device: give trainer.devices=1, or finetune=full")
        epochs, stages = trainer.max_epochs or 1, len(stages_and_head(_network(pl_module))[0])
        never = frozen_stages(epochs - 1, epochs, stages, self.unfrozen_at)
        if epochs > 0 and never:
            print(
                f"warning: finetune=gradual leaves {never} of {stages} stages frozen to the end of "
                f"trainer.max_epochs={epochs}: give more epochs, or finetune=full",
                file=sys.stderr,
            )

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """What this epoch trains."""
        network = _network(pl_module)
        stages, _ = stages_and_head(network)
        frozen = frozen_stages(trainer.current_epoch, trainer.max_epochs or 1, len(stages), self.unfrozen_at)
        freeze(network, frozen)
        network.train()
        rest_frozen(network, frozen)


def frozen_stages(epoch: int, epochs: int, stages: int, unfrozen_at: float) -> int:
    """How many stages, counted from the input, are still frozen in an epoch.

    >>> [frozen_stages(epoch, 10, 4, 0.5) for epoch in range(6)]
    [4, 4, 3, 2, 1, 0]
    """
    progress = epoch / (epochs * unfrozen_at)
    return max(stages - int(progress * stages + 1e-9), 0)


def _network(module: LightningModule) -> nn.Module:
    network = module.network
    assert isinstance(network, nn.Module)
    return network


def _rate(task: Task) -> float:
    keywords = getattr(task.optimizer_factory, "keywords", {})
    if "lr" not in keywords:
        raise ZooError("`finetune` with `layer_decay` needs a rate to start from: give optimizer.lr")
    return float(keywords["lr"])


def _require_decay(layer_decay: float) -> None:
    if not 0 < layer_decay <= 1:
        raise ZooError(f"`finetune.layer_decay` (={layer_decay}) must be above 0 and at most 1")
