"""Reads the state of a training run."""

from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from zoo.run.doctor.facts import LEAST_STEPS

_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by the size of an element in bytes
_BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm)
_DROPOUTS = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout, nn.FeatureAlphaDropout)


def completed(trainer: Trainer) -> float:
    """The part of training that is over; without an end, ten epochs count as a third."""
    total = trainer.estimated_stepping_batches
    if total in (0, float("inf")):
        return min((trainer.current_epoch + 1) / 30, 1.0)
    return min(trainer.global_step / total, 1.0)


def fingerprint(network: nn.Module) -> Tensor | None:
    """Sums of the bits of each trainable parameter [P], on their device: the same only for the same values.

    None for sharded parameters.
    """
    trained = [parameter.detach() for parameter in network.parameters() if parameter.requires_grad]
    if not trained or any(isinstance(each, DTensor) for each in trained):
        return None
    bits = [each.view(_BITS[each.element_size()]).sum(dtype=torch.int64) for each in trained]
    return torch.stack([total.to(bits[0].device) for total in bits])


def frozen_norms(network: nn.Module) -> dict[str, Any]:
    """The batch norms whose weights do not train, by name."""
    norms = {}
    for name, module in network.named_modules():
        if isinstance(module, _BATCH_NORMS) and module.running_mean is not None:
            weights = list(module.parameters(recurse=False))
            if weights and not any(weight.requires_grad for weight in weights):
                norms[name] = module
    return norms


def steps_to_settle(network: nn.Module) -> int:
    """Steps after which outputs in eval mode tell of training, at least 100.

    Running statistics of batch norms hold 5 % of their start after 3 / momentum steps: 300 for a momentum of 0.01.
    """
    norms = (module for module in network.modules() if isinstance(module, _BATCH_NORMS))
    return max([LEAST_STEPS, *(round(3 / norm.momentum) for norm in norms if norm.momentum)])


def drops_units(network: nn.Module) -> bool:
    """Whether the network has dropout, which makes it another one in training."""
    return any(isinstance(module, _DROPOUTS) and module.p > 0 for module in network.modules())


def loss_scale(trainer: Trainer) -> float | None:
    """The factor of the gradient scaler of half precision; None without one."""
    scaler = getattr(trainer.precision_plugin, "scaler", None)
    return None if scaler is None else float(scaler.get_scale())
