import pytest
import torch
from detection_sets import only, write_yolo, yolo
from PIL import Image

from zoo.data.detection.yolo_names import yolo_classes
from zoo.data.images.files import ORIENTATION
from zoo.errors import ZooError


def test_yolo_boxes_refer_to_the_upright_image(tmp_path):
    write_yolo(tmp_path, {"train0": "0 0.5 0.5 0.5 0.5"}, images=1)
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    Image.new("RGB", (60, 40)).save(tmp_path / "images" / "train" / "train0.png", exif=exif)
    (record,) = yolo(tmp_path, val=None).annotations(decode=False)["train"].records
    assert record.boxes.tolist() == [[10, 15, 30, 45]]


def test_yolo_lines_are_fractions_of_the_image(tmp_path):
    write_yolo(tmp_path, {"train0": "1 0.5 0.5 0.2 0.5\n0 0.25 0.5 0.5 1\n"})
    write_yolo(tmp_path, {"val0": "0 0.5 0.5 0.2 0.5"}, split="val")
    records = yolo(tmp_path).annotations(decode=True)["train"].records
    torch.testing.assert_close(records[0].boxes, torch.tensor([[24.0, 10.0, 36.0, 30.0], [0.0, 0.0, 30.0, 40.0]]))
    assert records[0].labels.tolist() == [1, 0]
    assert len(records[1].labels) == 0  # a file without lines, or none


def test_yolo_problems_are_reported(tmp_path):
    write_yolo(tmp_path, {"train0": "7 0.5 0.5 0.2 0.5\n0 0.5 0.5\n0 a b c d\n", "lost": "0 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {"val0": "0 30 20 12 20"}, split="val")
    annotations = yolo(tmp_path).annotations(decode=True)
    kinds = [p.kind for p in annotations["train"].problems]
    assert {"broken annotation", "lost boxes", "missing image", "no images", "unknown class"} <= set(kinds)
    assert kinds.count("broken annotation") == 2
    with pytest.raises(ZooError, match=r"val0.txt: pixel boxes: line 1 .* values in pixels, where 0 to 1 is meant"):
        yolo(tmp_path).setup()
    (tmp_path / "classes.txt").unlink()
    with pytest.raises(ZooError, match="has no class names"):
        yolo(tmp_path).setup()


def test_reads_class_names_from_yaml(tmp_path):
    write_yolo(tmp_path, {"train0": "1 0.5 0.5 0.2 0.5"})
    write_yolo(tmp_path, {}, split="val")
    (tmp_path / "classes.txt").unlink()
    (tmp_path / "data.yaml").write_text("names: {0: ant, 1: bee}\n")
    data = yolo(tmp_path)
    data.setup()
    assert data.class_names == ["ant", "bee"]


@pytest.mark.parametrize(
    ("file", "text", "names"),
    [
        ("classes.txt", "\ufeffant\nbee\n\n", ["ant", "bee"]),
        ("data.yaml", "\ufeffnames: [ant, bee]", ["ant", "bee"]),
        ("data.yaml", "names: {1: bee, 0: ant}", ["ant", "bee"]),
        ("data.yaml", "names:\n" + "".join(f"  '{i}': c{i}\n" for i in range(11)), [f"c{i}" for i in range(11)]),
    ],
)
def test_class_names_are_sorted_by_id(tmp_path, file, text, names):
    (tmp_path / file).write_text(text, encoding="utf-8")
    assert yolo_classes(tmp_path) == names


@pytest.mark.parametrize(
    ("file", "text", "message"),
    [
        ("classes.txt", b"ant\n\nbee\n", "classes.txt: line 2 is empty, where line n names class n - 1"),
        ("classes.txt", b"\nant\n", "classes.txt: line 1 is empty"),
        ("classes.txt", "caf\xe9".encode("latin-1"), r"classes.txt is no text in UTF-8 \(.* at byte 3\)"),
        ("data.yaml", "names: [ant]".encode("utf-16"), "data.yaml is no text in UTF-8"),
        ("data.yaml", b"names: [ant", "data.yaml is no YAML: while parsing a flow sequence"),
        ("data.yaml", b"names: {0: ant, 2: bee, 5: cow}", r"`names` \(=0, 2, 5\) must be 0 to 2, each once"),
        ("data.yaml", b"names: {0: ant, bee: 1}", r"`names` \(=0, bee\) must be 0 to 1, each once"),
        ("data.yaml", b"names: {0: ant, '0': bee}", "the key 0 is there twice"),
    ],
)
def test_class_names_without_unique_ids_are_refused(tmp_path, file, text, message):
    (tmp_path / file).write_bytes(text)
    with pytest.raises(ZooError, match=message):
        yolo_classes(tmp_path)


def test_a_label_file_may_have_a_byte_order_mark(tmp_path):
    write_yolo(tmp_path, {"train0": "\ufeff1 0.5 0.5 0.2 0.5", "train1": ""})
    (tmp_path / "labels" / "train" / "train1.txt").write_text("0 0.5 0.5 0.2 0.5", encoding="utf-16")
    annotations = yolo(tmp_path, val=None).annotations(decode=False)
    assert [record.labels.tolist() for record in annotations["train"].records] == [[1]]
    (problem,) = only(annotations, "broken annotation")
    assert problem.file == "train1.txt"
    assert "is no text in UTF-8" in problem.message
