"""Files of strangers: what they take stays in proportion to the file, and each refusal is one line."""

import gzip
import json
import os
import pickle
import zipfile
from contextlib import contextmanager
from functools import partial

import numpy as np
import pandas as pd
import pytest
from audit import recorded
from PIL import Image

from zoo.csv_files import write_csv
from zoo.data.detection.coco import read_coco
from zoo.data.detection.voc import read_voc
from zoo.data.frames.files import read_frame
from zoo.data.images.files import UnreadableImage, read_head, read_image
from zoo.data.series.mapped import open_array
from zoo.data.table.frames import read_table
from zoo.data.text.documents import DocumentFiles, read_lines
from zoo.data.yaml_files import read_yaml
from zoo.errors import ZooError


@contextmanager
def refused(message):
    with pytest.raises(ZooError, match=message) as error:
        yield
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n", "uses aliases: write its values out"),
        ("[" * 400 + "]" * 400, "is nested more than 20 deep"),
        ("names: [a\n", "is no YAML"),
        ("x" * (1 << 20), "has more than the 524,288 bytes"),
    ],
)
def test_yaml(tmp_path, text, message):
    (tmp_path / "data.yaml").write_text(text)
    with refused(message):
        read_yaml(tmp_path / "data.yaml")


def test_tables_that_grow_a_thousandfold(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.compressed._FLOOR", 1 << 20)
    line = b"1,2\n" * (1 << 13)
    with gzip.open(tmp_path / "a.csv.gz", "wb", compresslevel=1) as file:
        file.write(b"x,y\n")
        for _ in range(70):
            file.write(line)
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a.csv", line * 70)
    for name in ("a.csv.gz", "a.csv.zip"):
        with refused("is a small file of more than 1,048,576 bytes: decompress it"):
            read_frame(tmp_path / name, header=True)


def test_a_compressed_line_that_never_ends(tmp_path):
    with gzip.open(tmp_path / "a.txt.gz", "wb", compresslevel=1) as file:
        for _ in range(70):
            file.write(b"x" * (1 << 20))
    with refused("is a small file of more than 67,108,864 bytes: decompress it"):
        next(read_lines(tmp_path / "a.txt.gz"))


@pytest.mark.parametrize("line", ["[" * 100_000, "9" * 5000, "{"], ids=["deep", "long", "cut"])
def test_lines_that_are_no_json(tmp_path, line):
    (tmp_path / "a.jsonl").write_text(line)
    data = DocumentFiles(files=[tmp_path / "a.jsonl"], boundary="line", rule="line", key="text")
    with refused("no JSON"):
        list(data)
    (tmp_path / "a.csv.zst").write_bytes(b"x")
    with refused("as .gz, .bz2, .xz and .zip"):
        read_frame(tmp_path / "a.csv.zst", header=True)
    pd.DataFrame({"x": np.zeros(9_000_000, np.int8)}).to_parquet(tmp_path / "a.parquet")
    with refused("is a small file of more than 67,108,864 bytes: write it as plain CSV"):
        read_frame(tmp_path / "a.parquet", header=True)
    (tmp_path / "wide.csv").write_text(",".join(map(str, range(10_001))) + "\n")
    with refused("has more than 10,000 columns, and at most 10,000 are read"):
        read_frame(tmp_path / "wide.csv", header=True)


def test_an_array_larger_than_its_file(tmp_path):
    np.save(tmp_path / "a.npy", np.zeros(10, np.float32))
    data = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(data.replace(b"(10,), ", b"(1000000000000,), ".ljust(7))[: len(data)])
    with refused("cannot be read as npy"):
        open_array(tmp_path / "a.npy")


@pytest.mark.parametrize("header", [b"{'shape': (", b"{'descr': 9, 'fortran_order': False, 'shape': (2,)}"])
def test_an_array_with_another_header(tmp_path, header):
    (tmp_path / "a.npy").write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(99))
    for read in (open_array, partial(read_table, header=True)):
        with refused("cannot be read as npy"):
            read(tmp_path / "a.npy")


def test_an_array_that_is_a_pickle(tmp_path):
    (tmp_path / "a.npy").write_bytes(pickle.dumps([1]))
    with refused(r"cannot be read as npy: it is no npy file: write it with np.save\(FILE, array\)$"):
        open_array(tmp_path / "a.npy")


def test_many_categories_are_read_and_named_in_short(tmp_path):
    names = [{"id": i, "name": f"c{i}"} for i in range(20_000)]
    content = {"images": [], "annotations": [], "categories": names}
    (tmp_path / "a.json").write_text(json.dumps(content))
    assert len(read_coco(tmp_path / "a.json", tmp_path).class_names) == 20_000
    assert len(read_coco(tmp_path / "a.json", tmp_path, ["x"] * 50).problems[0].message) < 500
    (tmp_path / "a.json").write_text("[" * 100_000)
    with refused("is no JSON"):
        read_coco(tmp_path / "a.json", tmp_path)


def test_entities_of_xml_do_not_multiply(tmp_path):
    entities = "".join(f"<!ENTITY e{i} '{f'&e{i - 1};' * 10}'>" for i in range(1, 12))
    named = "<object><name>&e11;</name></object>"
    text = f"<!DOCTYPE a [<!ENTITY e0 'xxxxxxxxxx'>{entities}]><annotation>{named}</annotation>"
    folder = tmp_path / "train"
    folder.mkdir()
    Image.new("RGB", (8, 8)).save(folder / "0.png")
    (folder / "0.xml").write_text(text)
    assert read_voc(tmp_path, "train").problems[0].kind == "broken annotation"


def test_pictures_are_opened_by_pillow_alone_within_a_budget_of_pixels(tmp_path):
    (tmp_path / "a.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n")
    Image.new("1", (10_000, 5_001)).save(tmp_path / "large.png")
    os.mkfifo(tmp_path / "pipe.png")
    reasons = {
        "a.png": "not that of a known image format",
        "large.png": "more than 50,000,000 pixels",
        "pipe.png": "is a pipe or a device, not a file",
    }
    for name, reason in reasons.items():
        for read in (read_head, lambda path: read_image(path, channels=3)):
            with recorded("it-ran") as events, pytest.raises(UnreadableImage, match=reason):
                read(tmp_path / name)
            assert not events


def test_no_cell_is_a_formula(tmp_path):
    write_csv(tmp_path / "a.csv", ["=x", "path"], [["-0.5", "=cmd|' /C calc'!A0"], [-0.5, "+1 image.png"], ["@a", "a"]])
    text = (tmp_path / "a.csv").read_text()
    assert text == "'=x,path\n-0.5,'=cmd|' /C calc'!A0\n-0.5,'+1 image.png\n'@a,a\n"
