"""Random augmentation of detection batches, on the device."""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.data.detection.transforms import Target, Window, crop_boxes, crop_resize, flip, mixup, mosaic
from zoo.data.options import Range, parse_range, require_share
from zoo.errors import ZooError
from zoo.ops.constants import constant

_LUMA = (0.299, 0.587, 0.114)


class BoxAugmentation(nn.Module):
    """Mosaic, mixup, scale and crop, flips and color jitter; a probability or strength of 0 turns one off.

    `scale` [low, high] is the range of magnification, `color` the largest relative change of brightness, contrast
    and saturation. Boxes of which less than the fraction `min_visible` remains are dropped. Mosaic and mixup create
    unrealistic images: they stop after the fraction `mosaic_until` of training.

    Raises:
        ZooError: a probability, fraction or strength outside 0 … 1, or a scale that is not `[low, high]` above 0.
    """

    def __init__(
        self,
        *,
        mosaic: float,
        mixup: float,
        mosaic_until: float,
        scale: Range,
        flip: float,
        vertical_flip: float,
        color: float,
        min_visible: float,
    ) -> None:
        super().__init__()
        shares = {
            "mosaic": mosaic,
            "mixup": mixup,
            "mosaic_until": mosaic_until,
            "flip": flip,
            "vertical_flip": vertical_flip,
            "color": color,
            "min_visible": min_visible,
        }
        for name, value in shares.items():
            require_share(f"augmentation.{name}", value)
        zoom = parse_range(scale)
        if zoom is None or zoom[0] <= 0:
            raise ZooError(f"`data.augmentation.scale` (={scale}) must be [low, high] with 0 < low <= high")
        self.mosaic = mosaic
        self.mixup = mixup
        self.mosaic_until = mosaic_until
        self.scale = zoom
        self.flip = flip
        self.vertical_flip = vertical_flip
        self.color = color
        self.min_visible = min_visible

    def forward(
        self, images: Float[Tensor, "b c h w"], targets: list[Target], progress: float
    ) -> tuple[Float[Tensor, "b c h w"], list[Target]]:
        """Augments a batch; `progress` is the completed fraction of training."""
        labeled = [{name: part for name, part in target.items() if name != "area"} for target in targets]
        single = [self._augment_one(image, target) for image, target in zip(images, labeled, strict=True)]
        if progress < self.mosaic_until:
            single = [self._combine(i, single) for i in range(len(single))]
        result = torch.stack([image for image, _ in single])
        return self._jitter_color(result), [target for _, target in single]

    def _augment_one(self, image: Tensor, target: Target) -> tuple[Tensor, Target]:
        height, width = image.shape[-2:]
        if self.scale != (1.0, 1.0):
            window = _window(width, height, _uniform(*self.scale))
            image = crop_resize(image, window, width=width, height=height)
            target = crop_boxes(target, window, width=width, height=height, min_visible=self.min_visible)
        if _chance(self.flip):
            image, target = flip(image, target)
        if _chance(self.vertical_flip):
            image, target = flip(image, target, vertical=True)
        return image, target

    def _combine(self, i: int, batch: list[tuple[Tensor, Target]]) -> tuple[Tensor, Target]:
        image, target = batch[i]
        height, width = image.shape[-2:]
        if _chance(self.mosaic):
            chosen = [batch[j] for j in [i, *torch.randint(len(batch), (3,)).tolist()]]
            x, y = int(_uniform(0.3, 0.7) * width), int(_uniform(0.3, 0.7) * height)
            sizes = [(x, y), (width - x, y), (x, height - y), (width - x, height - y)]
            windows = [_tile_window(width, height, w, h, _uniform(0.6, 1.0)) for w, h in sizes]
            images = torch.stack([each for each, _ in chosen])
            targets = [boxes for _, boxes in chosen]
            image, target = mosaic(images, targets, center=(x, y), windows=windows, min_visible=self.min_visible)
        if _chance(self.mixup):
            other, others = batch[int(torch.randint(len(batch), (1,)))]
            image, target = mixup(image, target, other, others, share=_uniform(0.4, 0.6))
        return image, target

    def _jitter_color(self, images: Tensor) -> Tensor:
        if self.color == 0:
            return images
        brightness, contrast, saturation = (
            1 + self.color * (2 * torch.rand(3, len(images), 1, 1, 1, device=images.device) - 1)
        ).unbind(0)
        images = images * brightness
        mean = images.mean((1, 2, 3), keepdim=True)
        images = (images - mean) * contrast + mean
        gray = (images * constant(_LUMA, images.device, images.dtype).view(3, 1, 1)).sum(1, keepdim=True)
        return ((images - gray) * saturation + gray).clamp(0, 1)


def _window(width: int, height: int, zoom: float) -> Window:
    """A random window with a magnification of `zoom`: inside the image, or around it if `zoom` is below 1."""
    w, h = width / zoom, height / zoom
    x, y = _uniform(0, 1) * (width - w), _uniform(0, 1) * (height - h)
    return (x, y, x + w, y + h)


def _tile_window(width: int, height: int, w: int, h: int, zoom: float) -> Window:
    """A random window with the aspect ratio w : h and a magnification of `zoom`."""
    w_seen, h_seen = w / zoom, h / zoom
    x, y = _uniform(0, 1) * (width - w_seen), _uniform(0, 1) * (height - h_seen)
    return (x, y, x + w_seen, y + h_seen)


def _uniform(low: float, high: float) -> float:
    return low + (high - low) * float(torch.rand(()))


def _chance(probability: float) -> bool:
    return probability > 0 and float(torch.rand(())) < probability
