"""Transforms of images with their boxes; every random choice is an argument."""

import torch
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import functional as T

from zoo.ops.boxes import area, clip

Target = dict[str, Tensor]
"""`boxes` [N 4] xyxy in pixels and `labels` [N].

Optional: `ignore` [M 4], regions without ground truth, and `ignore_labels` [M]; regions without labels apply to every
class. Optional: `area` [4], the xyxy area of a letterboxed image without its gray border, for evaluation only.
"""
GRAY = 114 / 255  # fill value outside an image, as is usual in YOLO code
Window = tuple[float, float, float, float]
"""A region of an image, xyxy in pixels; it may exceed the image."""
_MIN_SIDE = 2.0  # pixels; boxes cropped below this are dropped


def crop_boxes(target: Target, window: Window, *, width: int, height: int, min_visible: float) -> Target:
    """Moves the boxes of an image into its `window`, resized to `width` × `height`.

    Clips the boxes; drops those of which less than the fraction `min_visible` remains.
    """
    x1, y1, x2, y2 = window
    boxes = target["boxes"]
    scale = boxes.new_tensor([width / (x2 - x1), height / (y2 - y1)] * 2)
    origin = boxes.new_tensor([x1, y1, x1, y1])
    moved = (boxes - origin) * scale
    clipped = clip(moved, height, width)
    sides = clipped[:, 2:] - clipped[:, :2]
    keep = (area(clipped) >= min_visible * area(moved)) & (sides >= _MIN_SIDE).all(1)
    result = target | {"boxes": clipped[keep], "labels": target["labels"][keep]}
    if "ignore" in target:
        result["ignore"] = clip((target["ignore"] - origin) * scale, height, width)
    return result


def crop_resize(image: Float[Tensor, "c h w"], window: Window, *, width: int, height: int) -> Float[Tensor, "c i j"]:
    """Crops the `window` of an image and resizes it to `width` × `height`; gray outside the image."""
    x1, y1, x2, y2 = window
    rows, columns = image.shape[-2:]
    x = (x1 + (torch.arange(width, device=image.device) + 0.5) * (x2 - x1) / width) * 2 / columns - 1
    y = (y1 + (torch.arange(height, device=image.device) + 0.5) * (y2 - y1) / height) * 2 / rows - 1
    grid = torch.stack(torch.meshgrid(x, y, indexing="xy"), -1)[None]
    return F.grid_sample((image - GRAY)[None], grid, align_corners=False)[0] + GRAY


def flip(image: Shaped[Tensor, "c h w"], target: Target, *, vertical: bool = False) -> tuple[Tensor, Target]:
    """Mirrors an image and its boxes left to right, or top to bottom if `vertical`."""
    length = image.shape[-2] if vertical else image.shape[-1]
    low, high = (1, 3) if vertical else (0, 2)
    result = dict(target)
    for name in ("boxes", "ignore"):
        if name in target:
            boxes = target[name].clone()
            boxes[:, low], boxes[:, high] = length - target[name][:, high], length - target[name][:, low]
            result[name] = boxes
    return image.flip(-2 if vertical else -1), result


def mosaic(
    images: Float[Tensor, "4 c h w"],
    targets: list[Target],
    *,
    center: tuple[int, int],
    windows: list[Window],
    min_visible: float,
) -> tuple[Float[Tensor, "c h w"], Target]:
    """Joins the windows of four images around `center` (x, y) (Bochkovskiy et al. 2020, arXiv:2004.10934)."""
    height, width = images.shape[-2:]
    x, y = center
    result = torch.empty_like(images[0])
    parts: list[Target] = []
    corners = [(0, 0, x, y), (x, 0, width, y), (0, y, x, height), (x, y, width, height)]
    for image, target, window, (left, top, right, bottom) in zip(images, targets, windows, corners, strict=True):
        w, h = right - left, bottom - top
        result[:, top:bottom, left:right] = crop_resize(image, window, width=w, height=h)
        moved = crop_boxes(target, window, width=w, height=h, min_visible=min_visible)
        for name in ("boxes", "ignore"):
            if name in moved:
                moved[name] = moved[name] + moved[name].new_tensor([left, top, left, top])
        parts.append(moved)
    return result, {name: torch.cat([part[name] for part in parts]) for name in parts[0]}


def mixup(
    image: Float[Tensor, "c h w"], target: Target, other: Float[Tensor, "c h w"], others: Target, *, share: float
) -> tuple[Float[Tensor, "c h w"], Target]:
    """Blends two images, the first with weight `share`, and joins their boxes (Zhang et al. 2019, arXiv:1902.04103)."""
    together = {name: torch.cat([target[name], others[name]]) for name in target}
    return share * image + (1 - share) * other, together


class Letterbox:
    """Maps images and boxes into a square, and boxes back.

    The image keeps its aspect ratio and is centered on gray.
    """

    def __init__(self, *, width: int, height: int, size: int) -> None:
        self.scale = size / max(width, height)
        self.width = max(1, round(width * self.scale))
        self.height = max(1, round(height * self.scale))
        self.left = (size - self.width) // 2
        self.top = (size - self.height) // 2
        self.size = size
        self.original = (width, height)

    @property
    def area(self) -> Float[Tensor, "4"]:
        """The xyxy area of the image in the square."""
        return torch.tensor([self.left, self.top, self.left + self.width, self.top + self.height]).float()

    def image(self, image: Shaped[Tensor, "c h w"]) -> Shaped[Tensor, "c size size"]:
        """Letterboxes an image; keeps its dtype."""
        fill = GRAY if image.is_floating_point() else round(255 * GRAY)
        canvas = image.new_full((image.shape[0], self.size, self.size), fill)
        resized = T.resize(image, [self.height, self.width], antialias=True)
        canvas[:, self.top : self.top + self.height, self.left : self.left + self.width] = resized
        return canvas

    def boxes(self, boxes: Float[Tensor, "n 4"]) -> Float[Tensor, "n 4"]:
        """Maps xyxy boxes of the original image into the square."""
        return boxes * self._ratio(boxes) + self._offset(boxes)

    def back(self, boxes: Float[Tensor, "n 4"]) -> Float[Tensor, "n 4"]:
        """Maps xyxy boxes of the square into the original image; the inverse of `boxes`."""
        return (boxes - self._offset(boxes)) / self._ratio(boxes)

    def _ratio(self, boxes: Tensor) -> Tensor:
        width, height = self.original
        return boxes.new_tensor([self.width / width, self.height / height] * 2)

    def _offset(self, boxes: Tensor) -> Tensor:
        return boxes.new_tensor([self.left, self.top] * 2)
