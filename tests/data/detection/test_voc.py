import os
from pathlib import Path

import pytest
import torch
from detection_sets import only, voc, write_voc

from zoo.errors import ZooError

BCCD = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[3] / "../shared/data")) / "bccd" / "BCCD"


def test_voc_counts_from_one(tmp_path):
    write_voc(tmp_path, [("a", "cell", 1, 1, 60, 40), ("b", "cell", 5, 5, 9, 9), ("c", "blob", 5, 5, 9, 9)])
    data = voc(tmp_path)
    assert data.annotations(decode=True)["train"].records[0].boxes.tolist() == [[0, 0, 60, 40]]
    assert data.metadata()["num_classes"] == 2
    assert list(data.class_names) == ["blob", "cell"]


@pytest.mark.parametrize(
    ("names", "text", "found"),
    [
        (["0", "1", "-1"], "0\n1\n-1\n", ["0", "1", "-1"]),
        (["a b", "c"], "a b\n\nc  1\n", ["a b", "c"]),
        (["a b", "a 1"], "a b -1\na 1\n", ["a b", "a 1"]),
        (["a", "b"], "a\nb\na\n", ["a", "b"]),
        (["a"], "\ufeffa\n", ["a"]),
    ],
)
def test_a_voc_list_has_one_image_per_line(tmp_path, names, text, found):
    write_voc(tmp_path, [], names=names)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text(text, encoding="utf-8")
    train = voc(tmp_path, val=None, test=None).annotations(decode=False)["train"]
    assert [record.path.stem for record in train.records] == found
    assert not only({"train": train}, "missing image")


def test_voc_problems_are_reported(tmp_path):
    write_voc(tmp_path, [("a", "cell", 5, 5, 5, 5), ("a", "cell", "x", 5, 9, 9), ("b", "cell", 1, 1, 9, 9)])
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("b\nlost")
    (tmp_path / "Annotations" / "c.xml").write_text("<annotation>")
    annotations = voc(tmp_path).annotations(decode=True)
    kinds = {split: [p.kind for p in found.problems] for split, found in annotations.items()}
    assert kinds["train"][:2] == ["empty box", "not a number"]
    assert kinds["val"] == ["missing image"]
    assert kinds["test"][0] == "broken annotation"
    xml = (tmp_path / "Annotations" / "b.xml").read_text()
    for text, message in (
        (xml.replace("60<", "sixty<"), "the size sixty × 40 is no width and height"),
        (f"<?xml version='1.0' encoding='klingon'?>{xml}", "no XML: "),
    ):
        (tmp_path / "Annotations" / "b.xml").write_text(text)
        (problem, _) = voc(tmp_path).annotations(decode=False)["val"].problems[:2]
        assert problem.kind == "broken annotation"
        assert message in problem.message
    with pytest.raises(ZooError, match="a VOC folder has JPEGImages, Annotations and ImageSets/Main"):
        voc(tmp_path, train="other").setup()


@pytest.mark.data
@pytest.mark.skipif(not BCCD.is_dir(), reason="the blood cells are not here")
def test_reads_the_published_blood_cells():
    annotations = voc(BCCD).annotations(decode=False)
    assert [len(annotations[split].records) for split in ("train", "val", "test")] == [205, 87, 72]
    boxes = torch.cat([record.labels for split in annotations.values() for record in split.records])
    assert boxes.bincount().tolist() == [
        361,
        4153,
        372,
    ]  # platelets, red blood cells without two of zero area, white blood cells
    assert sorted(p.file for split in annotations.values() for p in split.problems) == [
        "BloodImage_00338.xml",
        "BloodImage_00343.xml",
    ]
