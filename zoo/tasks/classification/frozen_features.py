"""What the weights that training started from tell apart without any training of their own."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.data.base import DataModule, Split

CHUNK = 64


@torch.inference_mode()
def features(
    network: nn.Module, datamodule: DataModule, split: Split, indices: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
    """What the head of a network reads of images without augmentation, and their labels."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.eval().to(device)
    read: list[Tensor] = []
    hook = _head(network).register_forward_pre_hook(lambda _, inputs: read.append(inputs[0].flatten(1).float().cpu()))
    labels = []
    for part in torch.from_numpy(indices).split(CHUNK):
        images, truth = datamodule.dataset(split)[part]
        network(datamodule.normalize((images.to(device), truth))[0])
        labels.append(truth)
    hook.remove()
    return torch.cat(read).numpy(), torch.cat(labels).numpy()


def _head(network: nn.Module) -> nn.Module:
    """The main layer with one output a class: as the network says, else its last linear layer."""
    heads = getattr(network, "heads", None)
    if heads:
        return network.get_submodule(heads[0])
    return [module for module in network.modules() if isinstance(module, nn.Linear)][-1]
