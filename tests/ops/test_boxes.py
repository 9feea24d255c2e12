import pytest
import torch
import torchvision

from zoo.ops.boxes import area, clip, convert, denormalize, valid


def random_boxes(count, seed, size=100.0):
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(count, 2, generator=generator) * size
    return torch.cat([corner, corner + torch.rand(count, 2, generator=generator) * size], 1)


@pytest.mark.parametrize("source", ["xyxy", "xywh", "cxcywh"])
@pytest.mark.parametrize("target", ["xyxy", "xywh", "cxcywh"])
def test_conversion_equals_torchvision(source, target):
    boxes = torchvision.ops.box_convert(random_boxes(50, 0), "xyxy", source)
    expected = torchvision.ops.box_convert(boxes, source, target)
    torch.testing.assert_close(convert(boxes, source, target), expected)
    torch.testing.assert_close(convert(convert(boxes, source, target), target, source), boxes)


def test_conversion_keeps_the_shape_of_no_boxes():
    assert convert(torch.empty(0, 4), "xywh", "xyxy").shape == (0, 4)


def test_conversion_rejects_an_unknown_format():
    with pytest.raises((ValueError, TypeError), match="yxyx"):
        convert(torch.zeros(1, 4), "yxyx", "xyxy")  # type: ignore[arg-type]


def test_fractions_of_the_image_in_pixels():
    found = denormalize(torch.tensor([[0.1, 0.2, 0.5, 1.0]]), height=200, width=400)
    torch.testing.assert_close(found, torch.tensor([[40.0, 40.0, 200.0, 200.0]]))


def test_area_equals_torchvision_and_is_zero_for_reversed_boxes():
    boxes = random_boxes(50, 2)
    torch.testing.assert_close(area(boxes), torchvision.ops.box_area(boxes))
    assert area(torch.tensor([[5.0, 5.0, 1.0, 1.0], [3.0, 3.0, 3.0, 9.0]])).tolist() == [0.0, 0.0]


def test_area_in_half_precision_and_small_integers_does_not_overflow():
    box = [[0, 0, 300, 300]]
    assert area(torch.tensor(box, dtype=torch.float16)).item() == 90_000
    assert area(torch.tensor([[0, 0, 120, 120]], dtype=torch.int8)).item() == 14_400
    assert torch.isfinite(area(torch.tensor([[-1e30, -1e30, 1e30, 1e30]]))).all()


def test_clip_equals_torchvision():
    boxes = random_boxes(50, 3) - 40
    torch.testing.assert_close(clip(boxes, 60, 80), torchvision.ops.clip_boxes_to_image(boxes, (60, 80)))


def test_valid_boxes_are_finite_and_not_empty():
    boxes = [[0, 0, 2, 2], [0, 0, 0, 2], [2, 0, 0, 2], [0, float("nan"), 2, 2], [0, 0, float("inf"), 2]]
    assert valid(torch.tensor(boxes)).tolist() == [True, False, False, False, False]
