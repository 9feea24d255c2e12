"""Batch norms whose weights do not train."""

from torch import nn


def frozen_norms_to_eval(network: nn.Module) -> None:
    """Puts batch norms with frozen weights in eval mode, so that their running statistics stay."""
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            weights = list(module.parameters(recurse=False))
            if weights and not any(weight.requires_grad for weight in weights):
                module.eval()
