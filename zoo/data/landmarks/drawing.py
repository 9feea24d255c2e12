"""Draws points with their names, and lines between them, on images."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float, UInt8
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from zoo.data.detection.drawing import COLORS


def draw_points(
    image: UInt8[Tensor, "3 h w"],
    points: Float[Tensor, "k 2"],
    visible: Bool[Tensor, " k"],
    names: Sequence[str],
    skeleton: Sequence[tuple[int, int]],
    enlarge: int = 1,
) -> Image.Image:
    """Draws the visible points (in pixels of the original) with their names on the image, enlarged by `enlarge`."""
    canvas = Image.fromarray(np.ascontiguousarray(image.permute(1, 2, 0).numpy()))
    if enlarge > 1:
        canvas = canvas.resize((canvas.width * enlarge, canvas.height * enlarge), Image.Resampling.BILINEAR)
    points = points * enlarge
    draw = ImageDraw.Draw(canvas)
    radius = max(2, max(canvas.size) // 120)
    font = ImageFont.load_default(max(9, 3 * radius))
    places, shown = [(x, y) for x, y in points.tolist()], visible.tolist()
    for a, b in skeleton:
        if shown[a] and shown[b]:
            draw.line([places[a], places[b]], fill=COLORS[0], width=max(1, radius // 2))
    for name, (x, y), seen in zip(names, places, shown, strict=True):
        if seen:
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLORS[1], outline="white")
            draw.text((x + radius + 1, y - radius), name, fill="white", font=font, stroke_width=1, stroke_fill="black")
    return canvas
