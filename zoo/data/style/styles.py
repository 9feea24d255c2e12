"""Style images that need no file: paintings and patterns of many kinds in colors of any palette."""

import colorsys
import math
from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

from zoo.data.base import Split
from zoo.data.style.pictures import pattern, to_bytes
from zoo.data.style.squares import Drawn

_SPLIT_CODE: dict[Split, int] = {"train": 30, "val": 31, "test": 32}
Palette = Float[np.ndarray, "n 3"]
Canvas = Float[np.ndarray, "s s 3"]


class DrawnStyles(Drawn):
    """Styles drawn on demand, the kind and the palette at random.

    Training never has swirling bands; half of the styles of the other splits are of this kind.
    """

    def __init__(self, split: Split, size: int, count: int, seed: int) -> None:
        super().__init__(size, count, [seed if split == "train" else 0, _SPLIT_CODE[split]])
        self.unseen = split != "train"

    def draw(self, index: int, rng: np.random.Generator) -> Image.Image:
        """A style; of even indices outside training, one of the kind that training never has."""
        if self.unseen and index % 2 == 0:
            return draw_swirls(self.size, rng)
        return draw_style(self.size, rng)


def draw_style(size: int, rng: np.random.Generator) -> Image.Image:
    """A style of a kind that training has."""
    canvas = KINDS[rng.integers(len(KINDS))](size, rng, draw_palette(rng))
    return Image.fromarray(np.clip(255 * canvas, 0, 255).astype(np.uint8))


def draw_swirls(size: int, rng: np.random.Generator) -> Image.Image:
    """Swirling bands, as those of the built-in `pattern`, at random places and in a random palette."""
    palette = tuple(tuple(float(value) for value in color) for color in draw_palette(rng))
    pixels = to_bytes(pattern(size, seed=int(rng.integers(2**31)), palette=palette))
    return Image.fromarray(pixels.permute(1, 2, 0).numpy())


def draw_palette(rng: np.random.Generator) -> Palette:
    """Three to six colors around two hues, from dark to bright."""
    count = int(rng.integers(3, 7))
    hues = rng.random() + np.where(rng.random(count) < 0.6, 0, rng.uniform(0.2, 0.6)) + rng.normal(0, 0.04, count)
    values = np.sort(np.append(rng.uniform(0.05, 1.0, count - 1), rng.uniform(0.7, 1.0)))
    return np.array([colorsys.hsv_to_rgb(h % 1, rng.uniform(0.15, 1), v) for h, v in zip(hues, values, strict=True)])


def _strokes(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Brush strokes along a smooth flow, over each other."""
    angles, tones = _noise(size, rng, 3) * 2 * math.pi, _noise(size, rng, 5)
    length, width = rng.uniform(0.05, 0.16) * size, max(round(rng.uniform(0.012, 0.035) * size), 1)
    places = rng.integers(0, size, (round(2 * size**2 / (length * width)), 2))
    turned = angles[places[:, 1], places[:, 0]]
    halves = length / 2 * np.stack([np.cos(turned), np.sin(turned)], 1)
    colors = _toned(tones, places, palette, rng, spread=0.12)
    canvas, draw = _canvas(size, palette[0])
    for line, color in zip(np.hstack([places - halves, places + halves]).tolist(), colors, strict=True):
        draw.line(line, fill=color, width=width)
    return np.asarray(canvas) / 255


def _mosaic(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Cells of stained glass with dark seams."""
    count = int(rng.integers(25, 110))
    distances, nearest = cKDTree(rng.uniform(0, size, (count, 2))).query(np.mgrid[:size, :size].transpose(1, 2, 0), k=2)
    colors = palette[rng.integers(len(palette), size=count)] * rng.uniform(0.75, 1.1, (count, 1))
    seam = np.clip((distances[..., 1:] - distances[..., :1]) / rng.uniform(0.01, 0.04) / size, 0, 1)
    return colors[nearest[..., 0]] * seam + palette[0] * (1 - seam) * rng.uniform(0, 1)


def _scales(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Rings around the points of a grid, like scales."""
    side = rng.uniform(0.09, 0.3) * size
    rows, columns = _turned(size, rng.uniform(0, math.pi))
    row = np.floor(rows / side)
    radius = np.hypot(rows / side - row, np.mod(columns / side + 0.5 * np.mod(row, 2), 1) - 0.5)
    return _mapped(np.mod(radius * rng.uniform(1.5, 4), 1), palette, sharp=rng.random() < 0.6)


def _hatching(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Lines in two or three directions whose width follows a shading, as in an etching."""
    ink, paper = palette[0], palette[-1]
    shade, covered = _noise(size, rng, 3), np.zeros((size, size))
    pitch = rng.uniform(0.02, 0.05) * size
    for layer in range(int(rng.integers(2, 4))):
        rows, _ = _turned(size, rng.uniform(0, math.pi))
        line = np.abs(np.mod((rows + 0.03 * size * _noise(size, rng, 6)) / pitch, 1) - 0.5) * 2
        covered = np.maximum(covered, np.clip((shade * 1.2 - 0.25 * layer - line) * 6, 0, 1))
    background = paper if rng.random() < 0.5 else _mapped(_noise(size, rng, 3), palette[1:], sharp=False)
    return ink * covered[..., None] + background * (1 - covered[..., None])


def _marble(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Veins of turbulent noise."""
    turbulence = sum(_noise(size, rng, 3 * 2**octave) / 2**octave for octave in range(4)) / 1.875
    rows, _ = _turned(size, rng.uniform(0, math.pi))
    veins = (np.sin(rows / size * rng.uniform(2, 20) + turbulence * rng.uniform(8, 30)) + 1) / 2
    return _mapped(veins, palette, sharp=rng.random() < 0.3)


def _dots(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Dabs of paint, dense, in colors that follow a shading, as of the pointillists."""
    tones, radius = _noise(size, rng, 4), rng.uniform(0.012, 0.04) * size
    places = rng.integers(0, size, (round(0.9 * (size / radius) ** 2), 2))
    colors = _toned(tones, places, palette, rng, spread=rng.uniform(0.05, 0.25))
    canvas, draw = _canvas(size, palette[-1])
    for box, color in zip(np.hstack([places - radius, places + radius]).tolist(), colors, strict=True):
        draw.ellipse(box, fill=color)
    return np.asarray(canvas) / 255


def _tiles(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """A woven or tiled grid, turned, bent a little."""
    rows, columns = _turned(size, rng.uniform(0, math.pi))
    bend = rng.uniform(0, 0.15) * size
    rows, columns = rows + bend * _noise(size, rng, 3), columns + bend * _noise(size, rng, 3)
    pitch = rng.uniform(0.06, 0.22, 2) * size
    places = (np.floor(rows / pitch[0]), np.floor(columns / pitch[1]))
    number = np.mod(places[0] * int(rng.integers(1, 5)) + places[1] * int(rng.integers(1, 5)), len(palette))
    edge = np.minimum(np.mod(rows / pitch[0], 1), np.mod(columns / pitch[1], 1))[..., None]
    return palette[number.astype(int)] * np.where(edge < rng.uniform(0, 0.2), 0.6, 1.0)


def _shards(size: int, rng: np.random.Generator, palette: Palette) -> Canvas:
    """Overlapping shaded triangles, as of the cubists."""
    canvas = Image.fromarray(_bytes(_mapped(_noise(size, rng, 2), palette, sharp=False)))
    draw, extent, count = ImageDraw.Draw(canvas, "RGBA"), rng.uniform(0.12, 0.4) * size, int(rng.integers(40, 90))
    corners = rng.uniform(0, size, (count, 1, 2)) + extent * rng.normal(0, 0.6, (count, 3, 2))
    colors = np.hstack([palette[rng.integers(len(palette), size=count)], rng.uniform(0.5, 1, (count, 1))])
    for polygon, color in zip(corners.reshape(count, 6).tolist(), _bytes(colors).tolist(), strict=True):
        draw.polygon(polygon, fill=tuple(color))
    return np.asarray(canvas) / 255


KINDS: tuple[Callable[[int, np.random.Generator, Palette], Canvas], ...] = (
    _strokes,
    _mosaic,
    _scales,
    _hatching,
    _marble,
    _dots,
    _tiles,
    _shards,
)


def _bytes(values: Float[np.ndarray, "*n"]) -> np.ndarray:
    return np.clip(255 * values, 0, 255).astype(np.uint8)


def _canvas(size: int, color: Float[np.ndarray, "3"]) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    canvas = Image.fromarray(_bytes(np.broadcast_to(color, (size, size, 3))))
    return canvas, ImageDraw.Draw(canvas)


def _toned(
    tones: Float[np.ndarray, "s s"], places: np.ndarray, palette: Palette, rng: np.random.Generator, *, spread: float
) -> list[tuple[int, int, int]]:
    """Colors of a palette at places (x, y), by a shading with as much noise as `spread`."""
    values = np.clip(tones[places[:, 1], places[:, 0]] + rng.normal(0, spread, len(places)), 0, 0.999)
    return [(r, g, b) for r, g, b in _bytes(palette)[(values * len(palette)).astype(int)].tolist()]


def _noise(size: int, rng: np.random.Generator, cells: int) -> Float[np.ndarray, "s s"]:
    """Smooth noise in [0, 1] with `cells` random values along a side."""
    grid = torch.from_numpy(rng.random((1, 1, cells + 1, cells + 1)))
    found = torch.nn.functional.interpolate(grid, size=(size, size), mode="bicubic", align_corners=True)[0, 0].numpy()
    return np.clip(found, 0, 1)


def _turned(size: int, angle: float) -> tuple[np.ndarray, np.ndarray]:
    """Coordinates in pixels of a turned grid."""
    rows, columns = np.mgrid[:size, :size]
    return rows * math.cos(angle) - columns * math.sin(angle), rows * math.sin(angle) + columns * math.cos(angle)


def _mapped(values: Float[np.ndarray, "s s"], palette: Palette, *, sharp: bool) -> Canvas:
    """Colors of a palette for values in [0, 1], in steps if `sharp`."""
    place = np.clip(values, 0, 0.999) * (len(palette) - (not sharp))
    if sharp:
        return palette[place.astype(int)]
    below = place.astype(int)
    above, share = np.minimum(below + 1, len(palette) - 1), (place - below)[..., None]
    return palette[below] * (1 - share) + palette[above] * share
