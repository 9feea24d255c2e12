"""Fine-tuning strategies: which layers train, from which epoch, at which learning rate."""

import sys
from dataclasses import dataclass
from functools import partial
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from torch import nn

from zoo.config.instantiate import complete, instantiate
from zoo.errors import ZooError
from zoo.networks.heads import head_paths
from zoo.networks.norms import frozen_norms_to_eval
from zoo.optim import weight_decay_groups
from zoo.tasks.base import Task

Stages = list[list[nn.Module]]


@dataclass(frozen=True, kw_only=True)
class Strategy:
    """What all strategies share: they need pretrained weights, unless `from_scratch` allows random ones."""

    from_scratch: bool = False

    def apply(self, task: Task) -> list[Callback]:
        """Prepares the task and returns the callbacks of the strategy."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class Head(Strategy):
    """Trains the last layer only; weights and running statistics of the trunk stay bit-identical."""

    def apply(self, task: Task) -> list[Callback]:
        """Freezes the trunk."""
        stages, _ = stages_and_head(task.network)
        freeze(task.network, len(stages))
        return [KeepFrozenInEval(len(stages))]


@dataclass(frozen=True, kw_only=True)
class Gradual(Strategy):
    """Trains the head first, then unfreezes stages from last to first at even intervals.

    Source: Howard and Ruder, "Universal Language Model Fine-tuning", 2018, arXiv:1801.06146, section 3.3.
    `unfrozen_at` is the fraction of training after which all layers train; `layer_decay` as in `Full`.
    """

    unfrozen_at: float
    layer_decay: float

    def __post_init__(self) -> None:
        if not 0 < self.unfrozen_at <= 1:
            raise ZooError(f"`finetune.unfrozen_at` (={self.unfrozen_at}) must be above 0 and at most 1")
        _require_decay(self.layer_decay)

    def apply(self, task: Task) -> list[Callback]:
        """Sets the learning rates and returns the callback that unfreezes."""
        task.parameter_groups = partial(layer_groups, layer_decay=self.layer_decay)
        return [GradualUnfreezing(self.unfrozen_at)]


@dataclass(frozen=True, kw_only=True)
class Full(Strategy):
    """Trains all layers, with learning rates that decrease towards the input.

    The head has the learning rate of the optimizer; the stage `k` places before it has that rate times
    `layer_decay ** k` (Clark et al., "ELECTRA", 2020, arXiv:2003.10555). 1 means the same rate for all.
    """

    layer_decay: float

    def __post_init__(self) -> None:
        _require_decay(self.layer_decay)

    def apply(self, task: Task) -> list[Callback]:
        """Sets the learning rates."""
        task.parameter_groups = partial(layer_groups, layer_decay=self.layer_decay)
        return []


def apply_finetuning(config: dict[str, Any] | None, task: Task, *, pretrained: bool) -> list[Callback]:
    """Applies a `finetune` configuration to the task and returns its callbacks.

    Raises:
        ZooError: nothing is pretrained, and the strategy does not allow that.
    """
    if not config:  # null, or finetune=none
        return []
    strategy = instantiate(complete(config, {}, "finetune"), "finetune")
    assert isinstance(strategy, Strategy)
    if not (pretrained or strategy.from_scratch):
        raise ZooError(
            f"finetune={type(strategy).__name__.lower()} starts from pretrained weights, and nothing is pretrained: "
            f"give pretrained=…, or leave out finetune=…; +finetune.from_scratch=true allows random weights"
        )
    return strategy.apply(task)


def stages_and_head(network: nn.Module) -> tuple[Stages, list[nn.Module]]:
    """The layers of each stage of the trunk, from the input on, and the layers of the head.

    A network names its stages in a method `stages`. In one without it each layer with weights is a stage, and its head
    is given by `head_paths`.
    """
    named = _named_stages(network)
    if named is not None:
        stages = [list(layers.values()) for layers in named.values()]
        placed = {id(p) for layers in stages for layer in layers for p in layer.parameters()}
        return stages, [m for m in network.modules() if any(id(p) not in placed for p in m.parameters(recurse=False))]
    heads = head_paths(network)
    layers = {name: m for name, m in network.named_modules() if any(True for _ in m.parameters(recurse=False))}
    stages = [[layer] for name, layer in layers.items() if name not in heads]
    if not stages:
        raise ZooError(f"`finetune`: {type(network).__name__} has no trunk and head to tell apart")
    return stages, [layer for name, layer in layers.items() if name in heads]


def _named_stages(network: nn.Module) -> dict[str, dict[str, nn.Module]] | None:
    """Stage name → layer name → module, or None if the network names no stages."""
    method = getattr(network, "stages", None)
    return None if method is None else method()


def layer_groups(task: Task, *, layer_decay: float) -> list[dict[str, Any]]:
    """Parameter groups for each stage with its learning rate; norms and biases are separate, without weight decay."""
    stages, head = stages_and_head(task.network)
    rate = _rate(task)
    groups: list[dict[str, Any]] = []
    placed: set[int] = set()
    for distance, layers in enumerate([head, *reversed(stages)]):
        for group in weight_decay_groups(nn.ModuleList(layers)):
            own = [p for p in group["params"] if id(p) not in placed]  # a head may share the embedding
            placed |= {id(p) for p in own}
            groups += [group | {"params": own, "lr": rate * layer_decay**distance}] if own else []
    rest = [p for p in task.parameters() if p.requires_grad and id(p) not in placed]
    return groups + ([{"params": rest}] if rest else [])  # such as weights of the loss


def freeze(network: nn.Module, frozen: int) -> None:
    """Freezes the first `frozen` stages and unfreezes the others; if all are frozen, only the last layer trains."""
    stages, _ = stages_and_head(network)
    network.requires_grad_(True)
    for stage in stages[:frozen]:
        for layer in stage:
            layer.requires_grad_(False)
    if frozen == len(stages) and _named_stages(network) is not None:
        network.requires_grad_(False)
        for name, module in network.named_modules():
            if name in head_paths(network):
                module.requires_grad_(True)


def frozen_to_eval(network: nn.Module, frozen: int) -> None:
    """Puts the first `frozen` stages and all frozen norms in eval mode, so that running statistics stay."""
    stages, _ = stages_and_head(network)
    for stage in stages[:frozen]:
        for layer in stage:
            layer.eval()
    frozen_norms_to_eval(network)


class KeepFrozenInEval(Callback):
    """Keeps frozen stages in eval mode during training."""

    def __init__(self, frozen: int) -> None:
        self.frozen = frozen

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Does the same for an epoch that is resumed within, which has no `on_train_epoch_start`."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Resets eval mode: Lightning may have called `train()`."""
        frozen_to_eval(_network(pl_module), self.frozen)


class GradualUnfreezing(Callback):
    """Unfreezes one stage after another, the last first."""

    def __init__(self, unfrozen_at: float) -> None:
        self.unfrozen_at = unfrozen_at

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Requires one process and warns if training ends before all stages are unfrozen.

        DDP reduces the gradients of parameters that are trainable when training starts only.

        Raises:
            ZooError: several processes.
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

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Does the same for an epoch that is resumed within, which has no `on_train_epoch_start`."""
        self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Freezes and unfreezes the stages for this epoch."""
        network = _network(pl_module)
        stages, _ = stages_and_head(network)
        frozen = frozen_stages(trainer.current_epoch, trainer.max_epochs or 1, len(stages), self.unfrozen_at)
        freeze(network, frozen)
        network.train()
        frozen_to_eval(network, frozen)


def frozen_stages(epoch: int, epochs: int, stages: int, unfrozen_at: float) -> int:
    """The number of stages, counted from the input, that are frozen in an epoch.

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
