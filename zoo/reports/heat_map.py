"""Heat map of a class: the output of a sliding classifier over a larger image."""

from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.convolutional import Convolutional
from zoo.reports.figures import drawing


@torch.no_grad()
def draw_heat_map(
    path: Path,
    network: Convolutional,
    image: Float[Tensor, "c h w"],
    shown: Float[Tensor, "3 h w"] | Float[Tensor, "1 h w"],
    class_index: int,
) -> Float[Tensor, "rows columns"]:
    """Draws the probability of a class in each window over the image; returns it as a map.

    `image` is the normalized input of the network, `shown` the same image in [0, 1]. Each cell of the map is one
    window. The map is stretched over the full image, although the outermost windows are centered inside it.

    Raises:
        ZooError: the class does not exist.
    """
    logits = network(image[None])[0].float()
    if not 0 <= class_index < len(logits):
        raise ZooError(f"`class_index` (={class_index}) must be between 0 and {len(logits) - 1}")
    probability = logits.softmax(0)[class_index].cpu()
    height, width = shown.shape[-2:]
    smooth = F.interpolate(probability[None, None], size=(height, width), mode="bilinear", align_corners=False)[0, 0]
    with drawing(path, width=8.4, height=4.2 * height / width + 0.5) as figure:
        left, right = figure.subplots(1, 2)
        pixels = shown.permute(1, 2, 0).squeeze(-1).cpu().numpy()
        left.imshow(pixels, cmap="gray", vmin=0, vmax=1)
        right.imshow(pixels, cmap="gray", vmin=0, vmax=1)
        heat = right.imshow(smooth.numpy(), cmap="inferno", vmin=0, vmax=1, alpha=0.6)
        for axes in (left, right):
            axes.set_axis_off()
        figure.colorbar(heat, ax=right, shrink=0.8)
    return probability
