import io
import struct
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from zoo.data.images import decoding
from zoo.data.images.files import UnreadableImage, cut_square, read_head, read_image
from zoo.errors import ZooError

RNG = np.random.default_rng(0)
SMOOTH = np.stack([*np.meshgrid(np.linspace(0, 250, 60), np.linspace(0, 250, 40)), np.full((40, 60), 90)], -1)
RGB = Image.fromarray(SMOOTH.astype(np.uint8))  # 60 wide, 40 high: red grows to the right, green downwards


def pixels(path: Path, channels: int = 3) -> np.ndarray:
    return read_image(path, channels=channels).permute(1, 2, 0).numpy()


def close(actual: np.ndarray, expected: Image.Image, tolerance: int) -> bool:
    difference = actual.astype(int) - np.asarray(expected.convert("RGB")).astype(int)
    return actual.shape[:2] == expected.size[::-1] and abs(difference).max() <= tolerance


@pytest.mark.parametrize(
    ("name", "image", "tolerance"),
    [
        ("rgb.png", RGB, 0),
        ("gray.png", RGB.convert("L"), 0),
        ("bilevel.png", RGB.convert("1"), 0),
        ("palette.png", RGB.quantize(64), 0),
        ("palette.gif", RGB.quantize(64), 0),
        ("rgb.jpg", RGB, 8),
        ("gray.jpg", RGB.convert("L"), 8),
        ("cmyk.jpg", RGB.convert("CMYK"), 8),
        ("cmyk.tif", RGB.convert("CMYK"), 0),
        ("rgb.bmp", RGB, 0),
        ("rgb.webp", RGB, 40),
        ("gray.pgm", RGB.convert("L"), 0),
        ("opaque.png", RGB.convert("RGBA"), 0),
    ],
)
def test_reads_every_format(tmp_path, name, image, tolerance):
    image.save(tmp_path / name)
    assert close(pixels(tmp_path / name), image, tolerance)


def test_gray_comes_from_color_with_pillows_weights(tmp_path):
    noise = Image.fromarray(RNG.integers(0, 256, (50, 50, 3), dtype=np.uint8))
    noise.save(tmp_path / "noise.png")
    assert np.array_equal(pixels(tmp_path / "noise.png", channels=1)[..., 0], np.asarray(noise.convert("L")))


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["jpg", "png", "tif", "webp"])
def test_exif_rotation_is_applied(tmp_path, orientation, kind):
    marked = RGB.copy()
    marked.paste("white", (0, 0, 16, 8))  # the mark is at the upper left of the stored pixels
    exif = Image.Exif()
    exif[decoding.ORIENTATION] = orientation
    marked.save(tmp_path / f"a.{kind}", exif=exif)
    corner = {1: "nw", 2: "ne", 3: "se", 4: "sw", 5: "nw", 6: "ne", 7: "se", 8: "sw"}[orientation]
    seen = pixels(tmp_path / f"a.{kind}").astype(int)
    height, width, _ = seen.shape
    assert (height, width) == ((40, 60) if orientation < 5 else (60, 40))
    assert read_head(tmp_path / f"a.{kind}") == (width, height, orientation > 1)
    mark = seen[2 if corner[0] == "n" else height - 3, 2 if corner[1] == "w" else width - 3]
    assert mark.min() > 220
    assert (seen.min(axis=-1) > 220).sum() < 200  # and nowhere else


def test_deep_gray_uses_the_whole_range(tmp_path):
    ramp = np.linspace(0, 65535, 256).astype(np.uint16).reshape(16, 16)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    Image.fromarray(ramp).save(tmp_path / "ramp.tif")
    Image.fromarray((ramp / 65535).astype(np.float32)).save(tmp_path / "float.tif")
    for name in ("ramp.png", "ramp.tif", "float.tif"):
        assert np.array_equal(pixels(tmp_path / name, channels=1).ravel(), np.arange(256))


def deep_png(values: np.ndarray) -> bytes:
    """Built by the PNG specification: Pillow cannot write 16-bit color."""
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", 4, 5, 16, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    body = [struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(body)


def test_color_of_sixteen_bits_is_read(tmp_path):
    values = RNG.integers(0, 65536, (5, 4, 3), dtype=np.uint16)
    (tmp_path / "deep.png").write_bytes(deep_png(values))
    assert np.array_equal(pixels(tmp_path / "deep.png"), (values >> 8).astype(np.uint8))


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "RGB"])
def test_transparent_pixels_become_white(tmp_path, mode):
    image = Image.new("RGBA", (4, 2), (0, 0, 0, 0))
    image.putpixel((0, 0), (200, 0, 0, 255) if mode != "LA" else (200, 200, 200, 255))
    if mode == "RGB":  # one color is declared transparent
        image.convert("RGB").save(tmp_path / "a.png", transparency=(0, 0, 0))
    else:
        image.convert(mode).save(tmp_path / "a.png")
    seen = pixels(tmp_path / "a.png")
    assert seen[0, 0, 0] == 200
    assert (seen.reshape(-1, 3)[1:] == 255).all()


def test_half_transparent_black_is_gray(tmp_path):
    Image.new("RGBA", (2, 2), (0, 0, 0, 128)).save(tmp_path / "a.png")
    assert (pixels(tmp_path / "a.png") == 127).all()


@pytest.mark.parametrize("kind", ["jpg", "png"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.skipif(not decoding._DECODERS, reason="torchcodec does not load here")
def test_both_decoders_give_the_same_numbers(tmp_path, monkeypatch, kind, mode, channels):
    noise = RNG.integers(0, 256, (37, 61, 3), dtype=np.uint8)
    path = tmp_path / f"a.{kind}"
    Image.fromarray(noise).convert(mode).save(path)
    calls = []
    decoders = {
        name: lambda *a, decode=decode, **k: calls.append(1) or decode(*a, **k)
        for name, decode in decoding._DECODERS.items()
    }
    monkeypatch.setattr(decoding, "_DECODERS", decoders)
    fast = read_image(path, channels=channels)
    assert calls, "torchcodec decodes a plain file"
    monkeypatch.setattr(decoding, "_DECODERS", {})
    assert torch.equal(fast, read_image(path, channels=channels))
    assert len(calls) == 1


def test_an_image_of_one_pixel(tmp_path):
    Image.new("RGB", (1, 1), (10, 20, 30)).save(tmp_path / "dot.png")
    dot = read_image(tmp_path / "dot.png", channels=3)
    assert dot.flatten().tolist() == [10, 20, 30]
    assert cut_square(dot, short=32, size=28).amax((1, 2)).tolist() == [10, 20, 30]


def truncated(kind: str, keep: float) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (64, 64, 3), dtype=np.uint8)).save(buffer, kind)
    return buffer.getvalue()[: int(len(buffer.getvalue()) * keep)]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("empty.png", b"", "the file is empty (zero bytes)"),
        ("text.png", b"this is no image\n" * 20, "the content is not that of a known image format"),
        ("cut.jpg", truncated("jpeg", 0.5), "the file is truncated"),
        ("end.jpg", truncated("jpeg", 0.95), "the file is truncated"),
        ("cut.png", truncated("png", 0.5), "the file is truncated"),
        ("cut.webp", truncated("webp", 0.5), "the file is damaged"),
        ("cut.tif", truncated("tiff", 0.5), ""),
        ("cut.bmp", truncated("bmp", 0.5), "the file is truncated"),
    ],
)
def test_broken_files_are_named_with_the_reason(tmp_path, name, content, reason):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UnreadableImage) as caught:
        read_image(tmp_path / name, channels=3)
    assert str(caught.value).startswith(f"cannot read the image `{tmp_path / name}`: {reason}")
    assert "\n" not in str(caught.value)
    assert caught.value.path == tmp_path / name


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(UnreadableImage, match=r"no\.png`: the file does not exist"):
        read_image(tmp_path / "no.png", channels=3)
    with pytest.raises(UnreadableImage, match="is a folder, not a file"):
        read_image(tmp_path, channels=3)
    with pytest.raises(ZooError, match=r"`channels` \(=2\) must be 1 \(gray\) or 3 \(color\)"):
        read_image(tmp_path / "no.png", channels=2)


def test_a_huge_image_is_refused_before_it_is_decoded(tmp_path):
    Image.new("1", (20_000, 20_000)).save(tmp_path / "huge.png")
    Image.new("1", (10_000, 9_000)).save(tmp_path / "big.png")
    for name in ("huge.png", "big.png"):
        for read in (partial(read_image, channels=3), read_head):
            with pytest.raises(UnreadableImage, match=r"more than 50,000,000 pixels, the guard against"):
                read(tmp_path / name)


def test_gray_values_out_of_range_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), -3.0, dtype=np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UnreadableImage, match="gray values from -3 to -3, where 0 to 65535 was expected"):
        read_image(tmp_path / "a.tif", channels=1)


def test_floating_point_slightly_above_1_is_clipped(tmp_path, caplog):
    decoding._log_white.cache_clear()
    Image.fromarray(np.array([[0.0, 0.5, 1.0, 1.5]], dtype=np.float32)).save(tmp_path / "deep.tif")
    assert read_image(tmp_path / "deep.tif", channels=1).tolist() == [[[0, 128, 255, 255]]]
    assert "with 1 as white" in caplog.text


@pytest.mark.parametrize(
    ("white", "dtype"),
    [(1023, "uint16"), (4095, "uint16"), (16383, "uint16"), (255, "float32"), (4095, "float32"), (255, "uint16")],
)
def test_deep_gray_of_fewer_bits_has_its_own_white(tmp_path, caplog, white, dtype):
    """Cameras and microscopes store 12 bits in files of 16."""
    decoding._log_white.cache_clear()
    ramp = np.linspace(0, white, 256).reshape(16, 16).astype(dtype)
    for name in ("a.tif", "b.tif"):
        Image.fromarray(ramp).save(tmp_path / name)
        assert abs(pixels(tmp_path / name, channels=1).ravel() - np.arange(256)).max() <= 1
    (record,) = caplog.records  # once a process
    assert f"values up to {white:,} are read with {white:,} as white" in record.getMessage()


def test_images_of_several_whites_are_named(tmp_path, caplog):
    decoding._log_white.cache_clear()
    for name, white in (("a.tif", 3000), ("b.tif", 65535), ("c.tif", 900)):
        Image.fromarray(np.full((4, 4), white, dtype="uint16")).save(tmp_path / name)
        read_image(tmp_path / name, channels=1)
    messages = [record.getMessage() for record in caplog.records]
    assert [message.partition(" have ")[0] for message in messages if "several whites" in message] == [
        "images of 16 bits or more"
    ]


def test_deep_color_of_twelve_bits_is_not_black(tmp_path):
    if not decoding._DECODERS:
        pytest.skip("Pillow drops the lower bits of color")
    (tmp_path / "deep.png").write_bytes(deep_png(np.full((5, 4, 3), 4095, dtype=np.uint16)))
    assert (pixels(tmp_path / "deep.png") == 255).all()
