"""Draws boxes and captions on images."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Num, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

COLORS = ("#2f6fde", "#e8843c", "#3a9d6e", "#b3508f", "#8a6fd1", "#c2a227", "#4aa3b5", "#d94f4f")


def draw_boxes(
    image: UInt8[Tensor, "3 h w"],
    boxes: Num[Tensor, "n 4"],
    captions: Sequence[str],
    colors: Sequence[str],
    enlarge: int = 1,
) -> Image.Image:
    """Draws xyxy boxes (in pixels of the original) with captions on the image, enlarged by `enlarge`."""
    canvas = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    if enlarge > 1:
        canvas = canvas.resize((canvas.width * enlarge, canvas.height * enlarge), Image.Resampling.BILINEAR)
    draw = ImageDraw.Draw(canvas)
    long = max(canvas.size)
    thickness, font = max(1, long // 320), ImageFont.load_default(max(10, long // 48))
    for box, caption, color in zip((boxes * enlarge).tolist(), captions, colors, strict=True):
        x1, y1, x2, y2 = box
        draw.rectangle((min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2)), outline=color, width=thickness)
        if caption:
            left, top, right, bottom = draw.textbbox((0, 0), caption, font=font)
            height = bottom - top + 4
            y = y1 - height if y1 >= height else y1
            draw.rectangle((x1, y, x1 + right - left + 4, y + height), fill=color)
            draw.text((x1 + 2 - left, y + 2 - top), caption, fill="white", font=font)
    return canvas


def sheet(images: Sequence[Image.Image], *, side: int, columns: int) -> Image.Image:
    """Arranges images in a grid, each resized to fit into `side` × `side` pixels."""
    rows = -(-len(images) // columns) if images else 1
    canvas = Image.new("RGB", (columns * side, rows * side), "white")
    for i, image in enumerate(images):
        scale = (side - 4) / max(image.size)
        small = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
        canvas.paste(small, (i % columns * side + 2, i // columns * side + 2))
    return canvas
