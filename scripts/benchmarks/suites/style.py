"""Steps of style transfer by optimization; peer: a plain script with torchvision's VGG-19.

Both take one step of L-BFGS with one evaluation, from the same image, for the layers of Gatys et al. (2016). The
plain script computes its Gram matrices of the style once, too.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import vgg19

from benchmarks.cases import Case
from benchmarks.settings import Settings
from benchmarks.timing import Measured, alone, compare
from zoo.hardware import cpu_has_units
from zoo.losses.perceptual import Costs, PerceptualLoss
from zoo.networks.efficientnet_lite import EfficientNetLite
from zoo.networks.vgg import VGG
from zoo.tasks.style.descent import Descent

SIZES = (256, 512)
LAYERS = (1, 6, 11, 20, 29)  # relu1_1 … relu5_1 of `vgg19().features`
CONTENT = 22  # relu4_2
GOAL = 0.8


def cases(settings: Settings) -> Iterator[Case]:
    """A step on VGG-19 beside the plain script, also in bfloat16; one on EfficientNet-Lite0 alone."""
    precisions = ["32-true", "bf16-mixed"] if settings.device.type == "cuda" or cpu_has_units("bf16") else ["32-true"]
    for size in SIZES:
        for precision in precisions:
            yield Case(
                name=f"L-BFGS step on VGG-19, {size}×{size}, {precision}",
                peer="a plain script with torchvision's VGG-19 in single precision",
                measure=partial(_beside_script, settings, size, precision),
                limit=GOAL,
            )
        yield Case(
            name=f"L-BFGS step on EfficientNet-Lite0, {size}×{size}",
            peer="none",
            measure=partial(_lite, settings, size),
        )


def _beside_script(settings: Settings, size: int, precision: str) -> Measured:
    picture, content, style = _pictures(settings, size)
    network = VGG(depths=(2, 2, 4, 4, 4))
    relus = [f"relu{stage}_1" for stage in range(1, 6)]
    ours = _our_step(network, ["relu4_2"], relus, picture, content, style, settings, precision)
    return compare(ours, _script(picture, content, style, settings), settings)


def _lite(settings: Settings, size: int) -> Measured:
    layers = ["_swish", "stage1", "stage2", "stage3", "stage5"]
    return alone(_our_step(EfficientNetLite(), ["stage3"], layers, *_pictures(settings, size), settings), settings)


def _pictures(settings: Settings, size: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(0)
    side = 64 if settings.quick else size
    return tuple(torch.rand(1, 3, side, side, device=settings.device) for _ in range(3))  # type: ignore[return-value]


def _our_step(
    backbone: nn.Module,
    contents: list[str],
    styles: list[str],
    picture: Tensor,
    content: Tensor,
    style: Tensor,
    settings: Settings,
    precision: str = "32-true",
) -> Callable[[], object]:
    loss = PerceptualLoss(
        backbone=backbone,
        content_layers=contents,
        style_layers=styles,
        content_weight=1.0,
        style_weight=100.0,
        tv_weight=1.0,
    ).to(settings.device)
    loss.calibrate([content, style])
    loss.set_style([style], [1.0])
    pixels = nn.Parameter(picture[0].clone())
    context = partial(torch.autocast, settings.device.type, torch.bfloat16, enabled=precision == "bf16-mixed")
    with context():
        maps = loss.content(content)

    def costs(picture: Tensor) -> Costs:
        with context():
            found: Costs = loss(picture, maps)
            return found

    descent = Descent(pixels, costs)
    optimizer = torch.optim.LBFGS([pixels], lr=0.01, max_iter=1, history_size=20)
    return lambda: descent.step(optimizer, optimizer.step)


def _script(picture: Tensor, content: Tensor, style: Tensor, settings: Settings) -> Callable[[], object]:
    """Style transfer as one usually writes it in PyTorch."""
    network = vgg19(weights=None).features.to(settings.device).eval()
    for layer in network:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    network.requires_grad_(False)

    def features(x: Tensor) -> dict[int, Tensor]:
        found = {}
        for i, layer in enumerate(network):
            x = layer(x)
            if i in (*LAYERS, CONTENT):
                found[i] = x
            if i == LAYERS[-1]:
                break
        return found

    def gram(x: Tensor) -> Tensor:
        batch, channels, height, width = x.shape
        flat = x.view(batch * channels, height * width)
        return flat @ flat.T / (batch * channels * height * width)

    with torch.no_grad():
        targets = {i: gram(x) for i, x in features(style).items() if i in LAYERS}
        kept = features(content)[CONTENT]
    pixels = picture.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([pixels], lr=0.01, max_iter=1, history_size=20)

    def closure() -> Tensor:
        optimizer.zero_grad()
        found = features(pixels)
        total = F.mse_loss(found[CONTENT], kept) + 1e6 * sum(F.mse_loss(gram(found[i]), targets[i]) for i in LAYERS)
        total.backward()
        return total

    return lambda: optimizer.step(closure)
