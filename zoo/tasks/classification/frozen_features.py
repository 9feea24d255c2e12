"""Features of the pretrained network, before any fine-tuning."""

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.data.base import DataModule, Split
from zoo.networks.heads import head_inputs

CHUNK = 64


@torch.inference_mode()
def features(
    network: nn.Module, datamodule: DataModule, split: Split, indices: Int[np.ndarray, " n"]
) -> tuple[Float[np.ndarray, "n d"], Int[np.ndarray, " n"]]:
    """Returns the inputs of the head for images without augmentation, and the labels."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = network.eval().to(device)
    read: list[Tensor] = []
    labels = []
    for part in torch.from_numpy(indices).split(CHUNK):
        images, truth = datamodule.dataset(split)[part]
        read.append(head_inputs(network, network, datamodule.normalize((images.to(device), truth))[0]).float().cpu())
        labels.append(truth)
    return torch.cat(read).numpy(), torch.cat(labels).numpy()
