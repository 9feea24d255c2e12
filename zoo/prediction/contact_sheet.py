"""Contact sheet: thumbnails in a grid, each with two lines of text below it."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont
from torchvision.transforms.v2.functional import to_pil_image

from zoo.data.file_names import printable
from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.images.in_memory import MemoryImage

SHOWN = 60  # images at most; a folder may hold thousands
COLUMNS = 6
SIDE, GAP, TEXT = 168, 14, 44  # pixels of an image, between images, and of the text below an image
FONT_SIZE = 14
PAPER, CARD, INK, SOFT, WARNING = "#ffffff", "#eef0f3", "#1d2330", "#667085", "#b42318"


class Caption(NamedTuple):
    """An image file and the text below it."""

    path: Path | MemoryImage
    title: str
    detail: str
    warning: bool = False


def write_contact_sheet(path: Path, captions: Sequence[Caption]) -> None:
    """Writes the first 60 images as one PNG; an unreadable file is an empty card with its caption."""
    shown = captions[:SHOWN]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    width, height = GAP + columns * (SIDE + GAP), GAP + rows * (SIDE + TEXT + GAP)
    sheet = Image.new("RGB", (width, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    for number, caption in enumerate(shown):
        left = GAP + (number % columns) * (SIDE + GAP)
        top = GAP + (number // columns) * (SIDE + TEXT + GAP)
        draw.rectangle((left, top, left + SIDE - 1, top + SIDE - 1), fill=CARD)
        if (image := _thumbnail(caption.path)) is not None:
            sheet.paste(image, (left + (SIDE - image.width) // 2, top + (SIDE - image.height) // 2))
        title_color = WARNING if caption.warning else INK
        draw.text((left, top + SIDE + 6), _shortened(caption.title, font), title_color, font)
        draw.text((left, top + SIDE + 25), _shortened(caption.detail, font), SOFT, font)
    sheet.save(path)


def _thumbnail(path: Path | MemoryImage) -> Image.Image | None:
    """Fits the full image into the square; very small images keep sharp pixels."""
    try:
        image = to_pil_image(read_image(path, channels=3))
    except UnreadableImage:
        return None
    scale = SIDE / max(image.size)
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(size, Image.Resampling.NEAREST if scale > 2 else Image.Resampling.LANCZOS)


def _shortened(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """Shortens a text in the middle until it fits below an image."""
    text = " ".join(printable(text).split())
    if font.getlength(text) <= SIDE:
        return text
    kept = len(text) - 1
    while kept > 2 and font.getlength(_without_middle(text, kept)) > SIDE:
        kept -= 1
    return _without_middle(text, kept)


def _without_middle(text: str, kept: int) -> str:
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"
