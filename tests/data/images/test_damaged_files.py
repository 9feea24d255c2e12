"""No damaged image file ends the process: every flipped bit gives an image or an UnreadableImage."""

import subprocess
import sys

import pytest

_FLIPS = """
import io, random, sys, zlib
from pathlib import Path
import numpy as np
from PIL import Image
from zoo.data.images.files import UnreadableImage, read_image

folder, count = Path(sys.argv[1]), int(sys.argv[2])
photo = Image.fromarray(np.random.default_rng(0).integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((80, 60))
images = {"RGB": photo, "L": photo.convert("L"), "flat": Image.new("RGB", (80, 60), (3, 4, 5))}
formats = {"png": {}, "jpeg": {}, "jpeg progressive": {"progressive": True}}

def with_checksums(data):
    start = 8
    while start + 12 <= len(data):
        end = start + 8 + int.from_bytes(data[start : start + 4], "big")
        data[end : end + 4] = zlib.crc32(data[start + 4 : end]).to_bytes(4, "big")
        start = end + 4
    return data[: start]

refused = 0
for name, options in formats.items():
    for image in images.values():
        kind = name.split()[0]
        buffer = io.BytesIO()
        image.save(buffer, kind, **options)
        for seed in range(count):
            generator, data = random.Random(seed), bytearray(buffer.getvalue())
            for _ in range(generator.choice((1, 1, 8))):
                data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
            if kind == "png" and seed % 2:  # the damage then reaches the decompression
                data = with_checksums(data)
            path = folder / "damaged"
            path.write_bytes(data)
            try:
                assert read_image(path, channels=3).shape[0] == 3
            except UnreadableImage:
                refused += 1
print(refused)
"""


@pytest.mark.parametrize("count", [100, pytest.param(1_200, marks=pytest.mark.slow)])
def test_flipped_bits(tmp_path, count):
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", _FLIPS, str(tmp_path), str(count)], capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert int(ended.stdout) > 2 * count  # most damage to a PNG file is found
