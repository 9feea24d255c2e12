"""Parameters, gradients and optimizer states divided among all processes: fully sharded data parallelism (FSDP)."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.strategies import ModelParallelStrategy, Strategy
from pytorch_lightning.trainer.states import TrainerFn
from torch import Tensor, nn
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import FSDPModule, fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor

from zoo.errors import ZooError
from zoo.networks.staged import StagedNetwork
from zoo.tasks.base import Task


class FullyShard(ModelParallelStrategy):
    """One part of every tensor in each process, put together for a layer while it runs.

    Zhao et al., PyTorch FSDP, 2023, arXiv:2304.11277; the second form of it in PyTorch (`fully_shard`), through
    Lightning. A checkpoint is one file of whole tensors, as without sharding.
    """

    def __init__(self) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False)

    def setup_environment(self) -> None:
        """Shards over all processes, where Lightning's default is one shard group for each machine."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def setup(self, trainer: Trainer) -> None:
        """Shards here, since Lightning leaves it to a hook of the module, which callbacks would run too early."""
        if trainer.state.fn == TrainerFn.FITTING and self._layer_sync:
            assert self.model is not None
            self.model = self._layer_sync.apply(self.model)
        Strategy.setup(self, trainer)

    def model_to_device(self) -> None:
        """Moves the whole model, then divides it."""
        super().model_to_device()
        assert isinstance(self.lightning_module, Task)
        shard(self.lightning_module, self.device_mesh["data_parallel"])

    def setup_optimizers(self, trainer: Trainer) -> None:
        """Leaves fused steps out: PyTorch has none of every optimizer for divided tensors."""
        task = self.lightning_module
        assert isinstance(task, Task)
        if isinstance(task.optimizer_factory, partial) and task.optimizer_factory.keywords.get("fused"):
            task.optimizer_factory = partial(task.optimizer_factory, fused=None)
        super().setup_optimizers(trainer)

    def load_checkpoint(self, checkpoint_path: str | Path, weights_only: bool | None = None) -> dict[str, Any]:
        """Loads what was saved; its optimizer state is numbered as the network's weights, not as the optimizer's.

        Raises:
            ZooError: another strategy has saved it, and its optimizer state would go to the wrong weights.
        """
        if self.optimizers and self.lightning_module is not None:
            places = {id(parameter): place for place, parameter in enumerate(self.lightning_module.parameters())}
            ours = [places[id(p)] for group in self.optimizers[0].param_groups for p in group["params"]]
            saved = torch.load(checkpoint_path, map_location="cpu", mmap=True, weights_only=True)
            theirs = [p for group in saved["optimizer_states"][0]["param_groups"] for p in group["params"]]
            if ours != theirs:
                raise ZooError(
                    f"resume={checkpoint_path}: it was not saved with trainer=fsdp; go on with its own trainer"
                )
        return super().load_checkpoint(checkpoint_path, weights_only)


def require_shardable(trainer: Trainer, task: Task) -> None:
    """Require a task that supports FSDP: others read parameters outside `forward`.

    Raises:
        ZooError: the task does not support it.
    """
    if isinstance(trainer.strategy, FullyShard) and not task.shardable:
        raise ZooError(f"trainer=fsdp divides classifiers alone: train a {task.kind} model with trainer=ddp")


def shard(task: Task, mesh: DeviceMesh) -> None:
    """Divides the weights of the network and of the loss, layer by layer of a staged network; does nothing twice."""
    for module in (task.network, task.loss):
        if isinstance(module, FSDPModule) or not any(True for _ in module.parameters()):
            continue
        if isinstance(module, StagedNetwork):
            for layer in (layer for stage in module.stages().values() for layer in stage.values()):
                if any(True for _ in layer.parameters()):
                    fully_shard(layer, mesh=mesh)
        fully_shard(module, mesh=mesh, reshard_after_forward=True)  # so that averages see the parts, after validation


def unshard(task: Task) -> None:
    """Puts the weights together in every process, for what looks at them after the test; all processes must call it."""
    for module in task.modules():
        if isinstance(module, FSDPModule):
            module.unshard()


def full_state_dict(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict with whole tensors on the CPU; all processes must call it."""
    return {name: value.full_tensor().cpu() if isinstance(value, DTensor) else value for name, value in state.items()}


def load_full_state_dict(module: nn.Module, state: Mapping[str, Any]) -> None:
    """Loads a state dict of whole tensors into a module that may be divided."""
    own = module.state_dict()
    module.load_state_dict({name: _like(value, own.get(name)) for name, value in state.items()}, strict=bool(state))


def shard_like(module: nn.Module, sharded: nn.Module) -> None:
    """Replaces each parameter by its part, where the other module of the same form has parts alone."""
    for name, parameter in sharded.named_parameters():
        if isinstance(parameter, DTensor):
            parent, _, leaf = name.rpartition(".")
            copy = nn.Parameter(parameter.detach().clone(), requires_grad=parameter.requires_grad)
            setattr(module.get_submodule(parent), leaf, copy)


def _like(value: Any, own: Tensor | None) -> Any:
    if not isinstance(own, DTensor) or isinstance(value, DTensor):
        return value
    return distribute_tensor(value.to(own.device), own.device_mesh, own.placements)
