import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits, load_sample_images

from zoo.data.detection.digit_scenes import DigitScenes
from zoo.data.detection.pasting import ink_box, material, render_digit
from zoo.errors import ZooError
from zoo.ops.iou import pairwise_intersection


def make(**changes):
    options = {
        "train_scenes": 24,
        "val_scenes": 6,
        "test_scenes": 6,
        "image_size": 96,
        "object_size": [14, 40],
        "max_objects": 5,
        "overlap": 0.3,
        "anchors": "auto",
        "num_anchors": 6,
        "batch_size": 8,
        "num_workers": 0,
        "seed": 0,
        "augmentation": None,
    }
    return DigitScenes(**(options | changes))


def test_scenes_are_a_function_of_the_seed():
    (images, targets), (again, targets_again) = (make().dataset("train")[torch.arange(8)] for _ in range(2))
    assert torch.equal(images, again)
    assert all(torch.equal(a["boxes"], b["boxes"]) for a, b in zip(targets, targets_again, strict=True))
    other, _ = make(seed=1).dataset("train")[torch.arange(8)]
    assert not torch.equal(images, other)


def test_validation_and_test_do_not_depend_on_the_seed():
    assert torch.equal(make(seed=0).dataset("test").images, make(seed=5).dataset("test").images)


def test_every_epoch_has_new_scenes():
    sampler = make().sampler("train")
    shown = []
    for epoch in range(3):
        sampler.set_epoch(epoch)
        shown += torch.cat(list(sampler)).tolist()
    assert len(shown) == len(set(shown)) == 72
    held_out = make().sampler("val")
    held_out.set_epoch(4)
    assert torch.cat(list(held_out)).tolist() == list(range(6))


def test_splits_share_no_digits_and_no_pixels_of_a_photograph():
    parts = [material(split, 0) for split in ("train", "val", "test")]
    assert sorted(number for part in parts for number in part.numbers) == list(range(1797))
    left, pixels = 0, load_digits().images
    for part in parts:  # each strip starts at the end of the previous one
        np.testing.assert_array_equal(part.digits, (pixels[part.numbers] * (255 / 16)).round())
        for strip, whole in zip(part.photographs, load_sample_images().images, strict=True):
            np.testing.assert_array_equal(strip, whole[:, left : left + strip.width])
        left += part.photographs[0].width
        assert len(np.unique(part.labels)) == 10


def test_boxes_lie_inside_with_limited_overlap():
    _, targets = make().dataset("train")[torch.arange(24)]
    for target in targets:
        boxes = target["boxes"]
        assert (boxes >= 0).all()
        assert (boxes <= 96).all()
        shared = pairwise_intersection(boxes, boxes)
        sizes = shared.diagonal()
        limit = 0.3 * torch.minimum(sizes[:, None], sizes[None])
        shared.fill_diagonal_(0)
        assert (shared <= limit + 1e-4).all()


def test_a_box_is_tight_around_the_ink():
    digit = material("train", 0).digits[3]
    ink, corners = render_digit(digit, width=40, height=40, degrees=20)
    x1, y1, x2, y2 = ink_box(ink)
    assert ink[y1:y2, x1:x2].max() > 200
    outside = ink.copy()
    outside[y1:y2, x1:x2] = 0
    assert outside.max() <= 96
    for edge in (ink[y1, x1:x2], ink[y2 - 1, x1:x2], ink[y1:y2, x1], ink[y1:y2, x2 - 1]):
        assert edge.max() > 96
    sides = np.linalg.norm(corners - np.roll(corners, -1, 0), axis=1)
    np.testing.assert_allclose(sides, 40, rtol=1e-6)
    assert corners[0][1] > corners[1][1] - 40  # rotated counter-clockwise: the right end of the top edge is higher
    assert corners[1][1] < corners[0][1]


def test_it_describes_itself():
    data = make()
    metadata = data.metadata()
    assert metadata["num_classes"] == 10
    assert len(metadata["anchors"]) == 6
    assert data.card()["anchors"]["source"] == "k-means"
    assert data.card()["anchors"]["after"]["mean_iou"] > data.card()["anchors"]["before"]["mean_iou"]
    assert make(anchors="default").metadata()["anchors"][0] == [round(10 * 96 / 416, 1), round(14 * 96 / 416, 1)]
    given = [[10, 10], [20, 20]]
    assert make(anchors=given).metadata()["anchors"] == given


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"object_size": [4, 40]}, r"`data.object_size` \(=\[4, 40\]\)"),
        ({"object_size": [14, 97]}, "at most 96 pixels"),
        ({"anchors": "automatic"}, r"`data.anchors` \(=automatic\) must be auto, default, or a list"),
        ({"anchors": [1, 2]}, r"`data.anchors` \(=\[1, 2\]\) must hold positive \[width, height\] pairs in pixels"),
        ({"anchors": [["a", "b"]]}, r"`data.anchors` .* must hold positive \[width, height\] pairs"),
        ({"anchors": []}, r"`data.anchors` .* must hold positive \[width, height\] pairs"),
        ({"anchors": [[10, 0]]}, "positive"),
        ({"num_anchors": 5}, r"`data.num_anchors` \(=5\) must be one of: 6, 9"),
        ({"image_size": 16, "object_size": [8, 16]}, r"`data.image_size` \(=16\)"),
        ({"max_objects": 0}, r"`data.max_objects` \(=0\)"),
        ({"object_size": [14]}, r"`data.object_size` \(=\[14\]\) must be \[low, high\] from at least 8"),
        ({"object_size": 14}, r"`data.object_size` \(=14\) must be \[low, high\]"),
        ({"object_size": [40, 14]}, r"`data.object_size` \(=\[40, 14\]\)"),
        ({"overlap": -1}, r"`data.overlap` \(=-1\) must be a number from 0 to 1"),
        ({"train_scenes": 0}, r"`data.train_scenes` \(=0\) must be a whole number of at least 1"),
        ({"val_scenes": -3}, r"`data.val_scenes` \(=-3\)"),
        ({"anchors": 3}, r"`data.anchors` \(=3\) must hold positive \[width, height\] pairs"),
        ({"anchors": None}, r"`data.anchors` \(=None\)"),
        ({"anchors": [[float("inf"), 2]]}, r"`data.anchors` \(=\[\[inf, 2\]\]\)"),
    ],
)
def test_invalid_options_are_refused(changes, message):
    with pytest.raises(ZooError, match=message):
        make(**changes)
