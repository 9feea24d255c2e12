"""Files whose small size hides much work, and cells of kinds that a column cannot hold: one line each."""

import gzip
import io
import json
import struct
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from PIL import Image

from zoo.config.explain import refused_options
from zoo.data.detection.coco import read_coco
from zoo.data.frames.files import read_frame
from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.landmarks.coco_points import read_coco_points
from zoo.data.landmarks.csv_points import read_csv
from zoo.data.ratings.lines import read_batches
from zoo.data.text.tables import read_columns
from zoo.data.volumes.files import read_volume
from zoo.errors import ZooError
from zoo.run.model_card import card

LONG = 10**400  # beyond the range of floating point


def progressive(path: Path, scans: int, comment: bytes = b"") -> None:
    """A JPEG file whose last scan is repeated."""
    out = io.BytesIO()
    Image.linear_gradient("L").resize((64, 64)).save(out, "JPEG", progressive=True)
    data = out.getvalue()
    last = data[data.rindex(b"\xff\xda") : -2]
    head = b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment
    path.write_bytes(data[:2] + head + data[2:-2] + last * scans + data[-2:])


def test_scans_of_a_jpeg_file(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.images.decoding._SCANNED", 20 * 64 * 64)
    progressive(tmp_path / "a.jpg", 3, comment=b"\xff\xda" * 500)  # which are no scans
    assert read_image(tmp_path / "a.jpg", channels=1).shape == (1, 64, 64)
    progressive(tmp_path / "a.jpg", 50)
    with pytest.raises(UnreadableImage, match=r"\d\d scans, and at most 20 are read at this size"):
        read_image(tmp_path / "a.jpg", channels=1)


def write_parquet(path: Path, columns: dict) -> None:
    pa.parquet.write_table(pa.table(columns), path)


def test_parquet_of_runs(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.compressed._FLOOR", 1 << 16)
    write_parquet(tmp_path / "a.parquet", {"text": ["a"] * 100_000, "label": ["x"] * 100_000})
    for read in (lambda path: read_columns(path, ["text"], options=""), lambda path: [*read_batches(path)]):
        with pytest.raises(ZooError, match="is a small file of more than 65,536 bytes: write it as plain CSV"):
            read(tmp_path / "a.parquet")


def test_compressed_ratings(tmp_path, monkeypatch):
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"user,item,rating\n" + b"1,2,3\n" * 20_000))
    assert sum(len(batch) for batch in read_batches(tmp_path / "a.csv.gz")) == 20_000
    monkeypatch.setattr("zoo.data.compressed._FLOOR", 1 << 16)
    with pytest.raises(ZooError, match="is a small file of more than 65,536 bytes: decompress it"):
        list(read_batches(tmp_path / "a.csv.gz"))


def test_cells_that_hold_lists(tmp_path):
    path = tmp_path / "a.parquet"
    write_parquet(path, {"text": [["a", "b"], ["c"]], "label": ["x", "y"]})
    assert read_columns(path, ["label"], options="") == [["x", "y"]]
    with pytest.raises(ZooError, match="column `text`: a ndarray stands where a text is expected"):
        read_columns(path, ["text"], options="")
    with pytest.raises(ZooError, match="column `text` holds a ndarray in a cell"):
        read_frame(path, header=True)


def test_fields_of_a_hundred_thousand_characters(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"path,x1,y1\n{'a' * 200_000},1,2\n")
    with pytest.raises(ZooError, match="cannot be read as csv: field larger than field limit"):
        read_csv(path, tmp_path)
    path.write_text(f"user,item,rating\n{'a' * 40_000},1,2\n")
    assert len(next(read_batches(path))) == 1


def test_records_with_keys_of_their_own(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text("".join(f'{{"text": "a", "key {i}": 1}}\n' for i in range(2_000)))
    assert read_columns(path, ["text"], options="") == [["a"] * 2_000]
    with pytest.raises(ZooError, match=r"no column `label`; there are: text, key 0, .*, key 18; give data"):
        read_columns(path, ["text", "label"], options="data.label=NAME")
    path.write_text('["a"]\n')
    with pytest.raises(ZooError, match="each line must be an object"):
        read_columns(path, ["text"], options="")


def coco(folder: Path, **annotation: object) -> Path:
    Image.new("L", (20, 20)).save(folder / "a.png")
    entry = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [1, 1, 9, 9], "keypoints": [1, 2, 2]} | annotation
    category = {"id": 1, "name": "dot", "keypoints": ["a"], "skeleton": 17}
    images = [{"id": 1, "file_name": "a.png"}]
    path = folder / "a.json"
    path.write_text(json.dumps({"images": images, "annotations": [entry], "categories": [category]}))
    return path


@pytest.mark.parametrize("value", [LONG, float("inf"), float("nan"), -1e10])
def test_coordinates_without_bounds(tmp_path, value):
    points = read_coco_points(coco(tmp_path, keypoints=[value, 2, 2]), tmp_path)
    assert [problem.kind for problem in points.problems] == ["not a number"]


def test_areas_and_ids_of_hundreds_of_digits(tmp_path):
    (sample,) = read_coco_points(coco(tmp_path, area=LONG), tmp_path).samples
    assert sample.area is None
    found = read_coco(coco(tmp_path, image_id="9" * 5_000), tmp_path)
    assert "missing image" in [problem.kind for problem in found.problems]


def test_keypoints_that_are_no_list(tmp_path):
    path = coco(tmp_path)
    path.write_text(path.read_text().replace('["a"]', "17"))
    with pytest.raises(ZooError, match="a category whose `keypoints` are 17: a list of names is expected"):
        read_coco_points(path, tmp_path)


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, 99])
def test_damaged_archives_of_arrays(tmp_path, method):
    packed = zipfile.ZIP_DEFLATED if method == 99 else method
    array, out = io.BytesIO(), io.BytesIO()
    np.save(array, np.random.default_rng(0).random((5, 5, 5)))
    with zipfile.ZipFile(out, "w", packed) as archive:
        archive.writestr("a.npy", array.getvalue())
    data = bytearray(out.getvalue())
    data[60:70] = bytes(10)
    data[8] = data[data.rindex(b"PK\1\2") + 10] = method
    (tmp_path / "a.npz").write_bytes(data)
    with pytest.raises(ZooError, match="cannot read the volume") as refused:
        read_volume(tmp_path / "a.npz")
    assert "\n" not in str(refused.value)


def test_runs_of_a_binvox_file(tmp_path, monkeypatch):
    monkeypatch.setattr("zoo.data.volumes.files._FLOOR", 1 << 12)
    (tmp_path / "a.binvox").write_bytes(b"#binvox 1\ndim 16 255 1\ndata\n" + b"\1\xff" * 16)
    assert read_volume(tmp_path / "a.binvox").sum() == 16 * 255
    (tmp_path / "a.binvox").write_bytes(b"#binvox 1\ndim 32 255 1\ndata\n" + b"\1\xff" * 32)
    with pytest.raises(ZooError, match="it has 8,160 voxels; at most 4,096 are read from a file of its size"):
        read_volume(tmp_path / "a.binvox")


@pytest.mark.parametrize(("front", "message"), [("a: &a [1]\nb: *a", "uses aliases"), ("a: [", "is no YAML")])
def test_the_card_of_a_shared_folder(tmp_path, front, message):
    (tmp_path / "README.md").write_text(f"---\n{front}\n---\n# model\n")
    with pytest.raises(ZooError, match=message):
        card(str(tmp_path))


def test_a_configuration_that_is_a_pickle_is_not_read():
    assert "runs code from a file" in str(refused_options(["--experimental-rerun=x.pickle"]))
