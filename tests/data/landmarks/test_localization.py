"""One object in each image, from a detection set."""

import json

import pytest
import torch
from PIL import Image

from zoo.config.compose import compose, to_dict
from zoo.data.landmarks.squares import around
from zoo.errors import ZooError
from zoo.run.build import build_data


def cells(root, **options):
    """Crops of a COCO set with two objects in each image."""
    splits = ("train", "val", "test")
    for number, split in enumerate(splits):
        images = [{"id": i, "file_name": f"{split}{i}.png", "width": 100, "height": 80} for i in range(4)]
        annotations = [
            {"id": 2 * i + k, "image_id": i, "category_id": 1, "iscrowd": 0, "bbox": [30 + i + 25 * k, 20, 20, 10 + i]}
            for i in range(4)
            for k in (0, 1)
        ]
        content = {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "cell"}]}
        (root / f"{split}.json").write_text(json.dumps(content))
        for i, image in enumerate(images):
            Image.new("RGB", (100, 80), (40 * i, 90 * number, 200)).save(root / image["file_name"])
    words = ["model=landmarks", "data=localization", "data@data.source=coco", "data.source.images=."]
    words += [f"data.source.root='{root}'", *(f"data.source.{split}={split}.json" for split in splits)]
    words += ["data.objects=crops", *(f"data.{key}={value}" for key, value in options.items())]
    return build_data(to_dict(compose(words))["data"])


def test_a_prediction_looks_at_a_square_as_wide_as_in_training(tmp_path, capsys):
    data = cells(tmp_path, context=1.6)
    card, squares = data.card(), data.dataset("test").squares
    assert card["margin"] == pytest.approx(0.3)
    assert card["around_boxes"] is True
    asked = [around((30 + i, 20, 50 + i, 30 + i), card["margin"]) for i in range(4)]
    assert {square.side for square in asked} == {32} == {square.side for square in squares}
    offsets = [abs(a.left - s.left) for a, s in zip(asked, squares[::2], strict=True)]
    assert max(offsets) <= 0.3 * 20  # a training square is a little off the center
    assert "presence is not learned" in capsys.readouterr().out


@pytest.mark.parametrize("context", ["nan", "1e9", "0.5"])
def test_a_context_out_of_range(tmp_path, context):
    with pytest.raises(ZooError, match=r"`data.context` .* must be (from 1 to 11|a number)"):
        cells(tmp_path, context=context)


def test_the_crops_hold_their_objects(tmp_path):
    data = cells(tmp_path)
    target = data.dataset("train").target
    assert len(target["present"]) == 8
    assert bool(((target["points"] >= 0) & (target["points"] <= 1)).all())
    assert torch.equal(target["labels"], torch.zeros(8, dtype=torch.long))
