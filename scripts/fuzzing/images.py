"""Healthy images of unusual kinds, and images whose header promises another size."""

import io
import random
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, PngImagePlugin

ORDINARY = ("png", "jpg", "bmp", "gif", "tif", "webp", "ppm", "tga", "jp2", "avif")
_PLACES = {  # of the width and the height
    "bmp": (18, "<ii"),
    "gif": (6, "<HH"),
    "png": (16, ">II"),
    "tga": (12, "<HH"),
}
_SIDES = (0, 1, 3, 7000, 9400, 30000, 0xFFFF, 0x7FFFFFFF)


def write_images(folder: Path) -> list[str]:
    """Writes them into a new folder, and returns their names."""
    folder.mkdir()
    random_pixels = np.random.default_rng(0).integers(0, 256, (8, 10, 4), dtype=np.uint8)
    color = Image.fromarray(random_pixels[..., :3]).resize((40, 32))
    clear = Image.fromarray(random_pixels).resize((40, 32))
    deep = Image.fromarray(np.arange(40 * 32, dtype=np.uint16).reshape(32, 40) * 50)
    for ending in ORDINARY:
        color.save(folder / f"photo.{ending}")
    turned = Image.Exif()
    turned[0x0112] = 6
    text = PngImagePlugin.PngInfo()
    text.add_text("comment", "x" * 200, zip=True)
    profile = zlib.compress(b"profile")
    frames: dict[str, Any] = {"save_all": True, "append_images": [color.rotate(90), color], "duration": 20}
    color.convert("CMYK").save(folder / "cmyk.jpg")
    color.convert("L").save(folder / "gray.jpg", progressive=True)
    color.save(folder / "turned.jpg", exif=turned, icc_profile=profile)
    color.save(folder / "turned.webp", exif=turned, icc_profile=profile)
    color.save(folder / "turned.png", exif=turned, icc_profile=profile, pnginfo=text)
    color.save(folder / "turned.tif", exif=turned, compression="tiff_lzw")
    color.save(folder / "moving.gif", **frames)
    color.save(folder / "moving.webp", **frames)
    color.save(folder / "moving.png", **frames)
    color.save(folder / "moving.avif", **frames)
    color.save(folder / "pages.tif", save_all=True, append_images=[color])
    color.quantize(16).save(folder / "palette.png", transparency=3)
    color.quantize(16).save(folder / "palette.bmp")
    clear.save(folder / "clear.png")
    clear.save(folder / "clear.tga", compression="tga_rle")
    clear.save(folder / "clear.jp2")
    deep.save(folder / "deep.png")
    deep.save(folder / "deep.tif", compression="tiff_adobe_deflate")
    deep.save(folder / "deep.pgm")
    Image.fromarray(np.linspace(-1, 9, 1280, dtype=np.float32).reshape(32, 40)).save(folder / "float.tif")
    color.convert("1").save(folder / "bits.tif", compression="group4")
    color.convert("1").save(folder / "bits.pbm")
    return sorted(path.name for path in folder.iterdir())


def promise_size(name: str, data: bytes, rng: random.Random) -> bytes:
    """States another width and height in the header; PNG's checksums are mended by `mutate_png`."""
    ending = name.rpartition(".")[2]
    sides = [rng.choice(_SIDES), rng.choice(_SIDES)]
    if ending in ("ppm", "pgm", "pbm"):
        return data.replace(b"40 32", b"%d %d" % tuple(sides), 1)
    if ending == "jpg":
        place, layout = max(data.find(b"\xff\xc0"), data.find(b"\xff\xc2")) + 5, ">HH"
    elif ending in _PLACES:
        place, layout = _PLACES[ending]
    elif ending == "tif":
        return _with_tag(data, rng.choice((256, 257, 258, 259, 273, 277, 278, 279)), rng.choice(_SIDES))
    else:  # a box or a chunk that holds both sides: replaced wherever the width stands
        return data.replace(struct.pack(">I", 40), struct.pack(">I", sides[0])).replace(
            struct.pack("<H", 39), struct.pack("<H", sides[1] & 0xFFFF)
        )
    width = struct.calcsize(layout) // 2
    largest = (1 << 8 * width - 1) - 1
    return data[:place] + struct.pack(layout, *(min(side, largest) for side in sides)) + data[place + 2 * width :]


def _with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A TIFF file with another value of a tag of its first directory."""
    order = "<" if data[:2] == b"II" else ">"
    out, first = io.BytesIO(data), struct.unpack_from(f"{order}I", data, 4)[0]
    for number in range(struct.unpack_from(f"{order}H", data, first)[0]):
        place = first + 2 + 12 * number
        if struct.unpack_from(f"{order}H", data, place)[0] == tag:
            out.seek(place + 8)
            out.write(struct.pack(f"{order}I", value))
    return out.getvalue()
