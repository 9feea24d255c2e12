"""Fully sharded data parallelism (FSDP): shards of parameters, gradients and optimizer states in each process."""

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
    """Shards parameters over all processes and gathers those of a layer while it runs.

    Source: Zhao et al., "PyTorch FSDP", 2023, arXiv:2304.11277; here FSDP2 (`fully_shard`) through Lightning.
    A checkpoint is one file of full tensors, as without sharding.
    """

    def __init__(self) -> None:
        super().__init__(tensor_parallel_size=1, save_distributed_checkpoint=False)

    def setup_environment(self) -> None:
        """Shards over all processes; Lightning shards within each machine by default."""
        self._data_parallel_size = self.num_nodes * self.num_processes
        super().setup_environment()

    def setup(self, trainer: Trainer) -> None:
        """Sets up without the `configure_model` hook, which callbacks trigger too early; see `model_to_device`."""
        if trainer.state.fn == TrainerFn.FITTING and self._layer_sync:
            assert self.model is not None
            self.model = self._layer_sync.apply(self.model)
        Strategy.setup(self, trainer)

    def model_to_device(self) -> None:
        """Moves the full model to the device, then shards it."""
        super().model_to_device()
        assert isinstance(self.lightning_module, Task)
        shard(self.lightning_module, self.device_mesh["data_parallel"])

    def setup_optimizers(self, trainer: Trainer) -> None:
        """Disables fused optimizers: not all of them support sharded tensors."""
        task = self.lightning_module
        assert isinstance(task, Task)
        if isinstance(task.optimizer_factory, partial) and task.optimizer_factory.keywords.get("fused"):
            task.optimizer_factory = partial(task.optimizer_factory, fused=None)
        super().setup_optimizers(trainer)

    def load_checkpoint(self, checkpoint_path: str | Path, weights_only: bool | None = None) -> dict[str, Any]:
        """Loads a checkpoint that this strategy has saved.

        Its optimizer state is numbered in the order of the task's parameters, not of the parameter groups.

        Raises:
            ZooError: another strategy has saved it, so its optimizer state would be assigned to the wrong weights.
        """
        if self.optimizers and self.lightning_module is not None:
            places = {id(parameter): place for place, parameter in enumerate(self.lightning_module.parameters())}
            ours = [places[id(p)] for group in self.optimizers[0].param_groups for p in group["params"]]
            # `resume_from` has read this file through the gate of all files; this maps it again.
            saved = torch.load(checkpoint_path, map_location="cpu", mmap=True, weights_only=True)
            theirs = [p for group in saved["optimizer_states"][0]["param_groups"] for p in group["params"]]
            if ours != theirs:
                raise ZooError(
                    f"resume={checkpoint_path}: it was not saved with trainer=fsdp; go on with its own trainer"
                )
        return super().load_checkpoint(checkpoint_path, weights_only)


def require_shardable(trainer: Trainer, task: Task) -> None:
    """Requires a task that supports FSDP: others read parameters outside `forward`.

    Raises:
        ZooError: the task does not support it.
    """
    if isinstance(trainer.strategy, FullyShard) and not task.shardable:
        raise ZooError(f"trainer=fsdp divides classifiers alone: train a {task.kind} model with trainer=ddp")


def shard(task: Task, mesh: DeviceMesh) -> None:
    """Shards the network, layer by layer if it is staged, and the loss; skips modules that are sharded already."""
    for module in (task.network, task.loss):
        if isinstance(module, FSDPModule) or not any(True for _ in module.parameters()):
            continue
        if isinstance(module, StagedNetwork):
            for layer in (layer for stage in module.stages().values() for layer in stage.values()):
                if any(True for _ in layer.parameters()):
                    fully_shard(layer, mesh=mesh)
        fully_shard(module, mesh=mesh, reshard_after_forward=True)  # so that EMA finds shards after validation


def unshard(task: Task) -> None:
    """Gathers full parameters in every process, for the report; all processes must call it."""
    for module in task.modules():
        if isinstance(module, FSDPModule):
            module.unshard()


def full_state_dict(state: Mapping[str, Any]) -> dict[str, Any]:
    """A state dict of full tensors on the CPU; all processes must call it."""
    return {name: value.full_tensor().cpu() if isinstance(value, DTensor) else value for name, value in state.items()}


def load_full_state_dict(module: nn.Module, state: Mapping[str, Any]) -> None:
    """Loads a state dict of full tensors into a module that may be sharded."""
    own = module.state_dict()
    module.load_state_dict({name: _like(value, own.get(name)) for name, value in state.items()}, strict=bool(state))


def shard_like(module: nn.Module, sharded: nn.Module) -> None:
    """Shards the parameters of `module` like those of `sharded`, a module of the same architecture."""
    for name, parameter in sharded.named_parameters():
        if isinstance(parameter, DTensor):
            parent, _, leaf = name.rpartition(".")
            copy = nn.Parameter(parameter.detach().clone(), requires_grad=parameter.requires_grad)
            setattr(module.get_submodule(parent), leaf, copy)


def _like(value: Any, own: Tensor | None) -> Any:
    if not isinstance(own, DTensor) or isinstance(value, DTensor):
        return value
    return distribute_tensor(value.to(own.device), own.device_mesh, own.placements)
