import re

import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate
from zoo.data.detection.augmentation import BoxAugmentation
from zoo.data.detection.transforms import GRAY, Letterbox, crop_boxes, crop_resize, flip, mixup, mosaic
from zoo.errors import ZooError

SIZE = 64


def painted(seed, count=4, height=SIZE, width=SIZE):
    """An image with one bright rectangle in each channel, and their boxes."""
    generator = torch.Generator().manual_seed(seed)
    image = torch.zeros(count, height, width)
    boxes = []
    for i in range(count):  # one in each quarter, without overlap
        left, top = (i % 2) * width // 2 + 2, (i // 2) * height // 2 + 2
        w, h = torch.randint(8, min(height, width) // 2 - 6, (2,), generator=generator).tolist()
        image[i, top : top + h, left : left + w] = 1
        boxes.append([left, top, left + w, top + h])
    return image, {"boxes": torch.tensor(boxes, dtype=torch.float32), "labels": torch.arange(count)}


def box_in(channel):
    """The xyxy box of the bright pixels; the gray border is darker than 0.45."""
    rows, columns = torch.nonzero(channel > 0.5, as_tuple=True)
    return torch.tensor([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()


def assert_boxes_follow(image, target, *, within):
    assert len(target["boxes"])
    for box, label in zip(target["boxes"], target["labels"], strict=True):
        seen = box_in(image[int(label)])
        assert (seen - box).abs().max() <= within, (seen, box)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("vertical", [False, True])
def test_flips_move_boxes_with_pixels_and_undo_themselves(seed, vertical):
    image, target = painted(seed)
    once = flip(image, target, vertical=vertical)
    assert_boxes_follow(*once, within=0)
    twice = flip(*once, vertical=vertical)
    assert torch.equal(twice[0], image)
    assert torch.equal(twice[1]["boxes"], target["boxes"])


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("window", [(0, 0, 64, 64), (-20, -10, 70, 80), (4, 1, 61, 63), (-64, -64, 128, 128)])
def test_scale_and_crop_move_boxes_with_pixels(seed, window):
    image, target = painted(seed)
    seen = crop_resize(image, window, width=SIZE, height=SIZE)
    moved = crop_boxes(target, window, width=SIZE, height=SIZE, min_visible=0.0)
    assert_boxes_follow(seen, moved, within=1.5)


def test_the_full_window_changes_nothing_and_outside_is_gray():
    image, target = painted(0)
    torch.testing.assert_close(crop_resize(image, (0, 0, 64, 64), width=64, height=64), image, atol=1e-5, rtol=0)
    assert torch.equal(
        crop_boxes(target, (0, 0, 64, 64), width=64, height=64, min_visible=0.0)["boxes"], target["boxes"]
    )
    outside = crop_resize(image, (100, 100, 164, 164), width=64, height=64)
    torch.testing.assert_close(outside, torch.full_like(outside, GRAY))


def test_boxes_with_a_small_visible_fraction_are_dropped():
    target = {"boxes": torch.tensor([[0.0, 0.0, 10.0, 10.0]]), "labels": torch.tensor([0])}
    half = (5.0, 0.0, 69.0, 64.0)
    assert len(crop_boxes(target, half, width=64, height=64, min_visible=0.5)["boxes"]) == 1
    assert len(crop_boxes(target, half, width=64, height=64, min_visible=0.51)["boxes"]) == 0
    assert len(crop_boxes(target, (50.0, 0.0, 114.0, 64.0), width=64, height=64, min_visible=0.0)["boxes"]) == 0


@pytest.mark.parametrize("seed", range(5))
def test_mosaic_joins_four_images_with_their_boxes(seed):
    samples = [painted(10 * seed + k) for k in range(4)]
    images = torch.stack([image for image, _ in samples])
    targets = []
    for k, (_, target) in enumerate(samples):  # one rectangle per image
        images[k, :k] = images[k, k + 1 :] = 0
        targets.append({name: value[k : k + 1] for name, value in target.items()})
    windows = [(0.0, 0.0, 64.0, 64.0)] * 4
    image, target = mosaic(images, targets, center=(30, 36), windows=windows, min_visible=0.0)
    assert target["labels"].tolist() == [0, 1, 2, 3]
    assert_boxes_follow(image, target, within=1.5)


def test_mixup_has_the_boxes_of_both():
    (image, target), (other, others) = painted(0), painted(1)
    mixed, together = mixup(image, target, other, others, share=0.25)
    torch.testing.assert_close(mixed, 0.25 * image + 0.75 * other)
    assert len(together["boxes"]) == 8


@pytest.mark.parametrize(("height", "width"), [(48, 64), (100, 30), (64, 64), (7, 300)])
def test_letterbox_moves_boxes_with_pixels_and_back(height, width):
    image, target = painted(0, count=1, height=max(height, 34), width=max(width, 34))
    letterbox = Letterbox(width=image.shape[2], height=image.shape[1], size=96)
    seen = letterbox.image(image)
    assert seen.shape == (1, 96, 96)
    boxes = letterbox.boxes(target["boxes"])
    assert_boxes_follow(seen / 1.0, {"boxes": boxes, "labels": target["labels"]}, within=2)
    torch.testing.assert_close(letterbox.back(boxes), target["boxes"], atol=1e-3, rtol=0)
    assert letterbox.image((image * 255).byte()).dtype == torch.uint8


def make(**changes):
    options = {
        "mosaic": 0.5,
        "mixup": 0.2,
        "mosaic_until": 0.8,
        "scale": (0.7, 1.4),
        "flip": 0.5,
        "vertical_flip": 0.5,
        "color": 0.3,
        "min_visible": 0.3,
    }
    return BoxAugmentation(**(options | changes))


@pytest.mark.parametrize("seed", range(5))
def test_augmented_boxes_stay_inside_with_their_labels(seed):
    torch.manual_seed(seed)
    images, targets = zip(*(painted(k, count=3) for k in range(6)), strict=True)
    result, moved = make()(torch.stack(images), list(targets), 0.0)
    assert result.shape == (6, 3, SIZE, SIZE)
    assert result.min() >= 0
    assert result.max() <= 1
    for target in moved:
        assert len(target["boxes"]) == len(target["labels"])
        assert (target["boxes"] >= 0).all()
        assert (target["boxes"] <= SIZE).all()
        assert (target["boxes"][:, 2:] > target["boxes"][:, :2]).all()


def test_augmentation_drops_the_letterbox_area():
    images, targets = zip(*(painted(k, count=3) for k in range(4)), strict=True)
    placed = [target | {"area": torch.tensor([0.0, 8, 64, 56])} for target in targets]
    _, moved = make(mosaic=1, mixup=1)(torch.stack(images), placed, 0.0)
    assert [set(target) for target in moved] == [{"boxes", "labels"}] * 4
    assert all("area" in target for target in placed)


def test_augmentation_without_mosaic_and_color_moves_boxes_with_pixels():
    torch.manual_seed(0)
    images, targets = zip(*(painted(k) for k in range(8)), strict=True)
    augmentation = make(mixup=0, color=0, scale=(0.9, 1.0), mosaic=1.0)
    result, moved = augmentation(torch.stack(images), list(targets), progress=0.9)  # after the end of mosaic
    for image, target in zip(result, moved, strict=True):
        assert_boxes_follow(image, target, within=1.5)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        *((name, 7, "must be a number from 0 to 1") for name in ("mosaic", "mixup", "mosaic_until", "flip")),
        *((name, -0.1, "must be a number from 0 to 1") for name in ("vertical_flip", "color", "min_visible")),
        *(("scale", value, "with 0 < low <= high") for value in (1.2, [1.2], [1.4, 0.7], [-1, -1], [0, 1])),
    ],
)
def test_invalid_options_are_refused(name, value, expected):
    with pytest.raises(ZooError, match=rf"`data.augmentation.{name}` \(={re.escape(str(value))}\) .*{expected}"):
        make(**{name: value})


@pytest.mark.parametrize("name", ["coco", "voc", "yolo_txt"])
def test_sets_of_files_share_one_augmentation(name):
    config = to_dict(compose(["model=yolo", f"data={name}", "data.root=x", "data.augmentation.mixup=0.1"]))["data"]
    assert vars(instantiate(config["augmentation"])) == vars(make(mixup=0.1, scale=(0.8, 1.3), vertical_flip=0))


def test_ignored_regions_move_along():
    image, target = painted(0)
    target |= {"ignore": target["boxes"][:1].clone(), "ignore_labels": torch.tensor([3])}
    for _, moved in (flip(image, target), flip(image, target, vertical=True)):
        assert torch.equal(moved["ignore"], moved["boxes"][:1])
    moved = crop_boxes(target, (5, 5, 40, 40), width=64, height=64, min_visible=0.0)
    torch.testing.assert_close(moved["ignore"], moved["boxes"][:1])
    assert moved["ignore_labels"].tolist() == [3]
