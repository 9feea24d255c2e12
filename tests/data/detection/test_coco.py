import json
import re

import pytest
import torch
from detection_sets import coco, only, write_coco

from zoo.errors import ZooError


@pytest.fixture
def good(tmp_path):
    write_coco(tmp_path, [(0, 5, 0, 0, 30, 20), (0, 7, 30, 20, 30, 20), (2, 5, 10, 10, 20, 20, {"iscrowd": 1})])
    write_coco(tmp_path, [(0, 7, 3, 4, 10, 20), (1, 5, 3, 4, 10, 20)], split="val")
    return tmp_path


def test_coco_boxes_are_letterboxed_and_ids_remapped(good, capsys):
    data = coco(good)
    assert data.metadata()["num_classes"] == 2
    images, targets = data.dataset("train")[torch.arange(3)]
    assert images.shape == (3, 3, 64, 64)
    scale, top = 64 / 60, (64 - 43) // 2
    expected = torch.tensor([[0, top, 30 * scale, top + 20 * 43 / 40], [30 * scale, top + 20 * 43 / 40, 64, top + 43]])
    torch.testing.assert_close(targets[0]["boxes"], expected, atol=1e-3, rtol=0)
    assert targets[0]["labels"].tolist() == [0, 1]
    assert len(targets[1]["labels"]) == 0  # an image without annotations is background
    assert targets[2]["ignore_labels"].tolist() == [0]
    said = capsys.readouterr().out
    assert "category ids are remapped: 5→0, 7→1" in said
    assert "no test split is given: the val images serve as both" in said


def test_missing_folders_files_and_images_are_reported(tmp_path, good):
    with pytest.raises(ZooError, match="nowhere does not exist"):
        coco(tmp_path / "nowhere")
    with pytest.raises(ZooError, match=r"other.json does not exist"):
        coco(good, val="annotations/other.json").setup()
    for images in ("elsewhere", "{splt}", "{}", "a{"):
        with pytest.raises(ZooError, match=re.escape(f"{images} of data.images={images} does not exist")):
            coco(good, images=images).setup()
    (good / "annotations" / "val.json").write_text("[]")
    with pytest.raises(ZooError, match="is no COCO file"):
        coco(good).setup()
    (good / "annotations" / "val.json").write_text("{")
    with pytest.raises(ZooError, match="is no JSON"):
        coco(good).setup()


@pytest.mark.parametrize(
    ("place", "changes", "message"),
    [
        ("images", {"id": ...}, "images[1] has no id"),
        ("images", {"file_name": ...}, "images[1] has no file_name"),
        ("images", None, "images[1] is no object but None"),
        ("categories", {"name": ...}, "categories[1] has no name"),
        ("categories", {"id": ...}, "categories[1] has no id"),
        ("annotations", "text", "annotations[1] is no object but 'text'"),
        ("annotations", {"image_id": [1]}, "annotations[1] has the image_id [1]"),
        ("annotations", {"category_id": ...}, "annotations[1] has no category_id"),
    ],
)
def test_a_broken_entry_of_a_coco_file_is_reported_and_skipped(good, place, changes, message):
    file = good / "annotations" / "train.json"
    content = json.loads(file.read_text())
    entry = content[place][1] | changes if isinstance(changes, dict) else changes
    content[place][1] = {k: v for k, v in entry.items() if v is not ...} if isinstance(entry, dict) else entry
    file.write_text(json.dumps(content))
    data = coco(good)
    problems = only(data.annotations(decode=False), "broken annotation")
    assert [(problem.file, problem.message) for problem in problems] == [("train.json", message)]
    assert len(data.dataset("train")) == (2 if place == "images" else 3)


def test_category_ids_of_two_types_are_sorted(good):
    file = good / "annotations" / "train.json"
    file.write_text(file.read_text().replace('"id": 5, "name"', '"id": "z", "name"'))
    annotations = coco(good).annotations(decode=False)["train"]
    assert annotations.class_names == ["dog", "cat"]
    assert [p.message for p in annotations.problems if p.kind == "unknown class"] == [
        "annotation 0 of train0.png has the category id 5",
        "annotation 2 of train2.png has the category id 5",
    ]
