import math

import torch
from torch.nn import functional as F

from zoo.ops.turned_crops import turned_crops

GENERATOR = torch.Generator().manual_seed(0)
RIGHT = torch.tensor([[1.0, 0.0]])


def test_a_crop_is_the_mean_of_samples_of_its_turned_rectangle():
    images = torch.rand(2, 3, 30, 30, generator=GENERATOR, dtype=torch.float64)
    center = torch.tensor([[0.4, 0.5], [0.9, 0.1]], dtype=torch.float64)
    sides, angle = torch.tensor([[0.5, 0.2], [0.3, 0.4]]).double(), torch.tensor([0.4, -2.0]).double()
    direction = torch.stack([angle.cos(), angle.sin()], 1)
    crops = turned_crops(images, center, sides, direction, 12)
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(2, 2, 2)
    affine = torch.cat([turn * sides[:, None], (2 * center - 1)[:, :, None]], 2)
    grid = F.affine_grid(affine, [2, 3, 24, 24], align_corners=False)
    expected = F.grid_sample(images, grid, align_corners=False).unflatten(2, (12, 2)).unflatten(4, (12, 2)).mean((3, 5))
    torch.testing.assert_close(crops, expected)


def test_a_turned_image_has_the_same_crop():
    image = torch.rand(1, 1, 16, 16, generator=GENERATOR)
    turned = image.rot90(1, (2, 3))  # counterclockwise: what ran to the right runs upwards
    center, sides = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.6, 0.4]])
    upright = turned_crops(image, center, sides, RIGHT, 8)
    torch.testing.assert_close(turned_crops(turned, center, sides, torch.tensor([[0.0, -1.0]]), 8), upright)


def test_a_reduced_crop_averages():
    center, sides = torch.tensor([[0.5, 0.5]]), torch.tensor([[0.5, 0.5]])
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::2] = 1
    gray = turned_crops(stripes, center, sides, RIGHT, 16)
    torch.testing.assert_close(gray, torch.full((1, 1, 16, 16), 0.5))


def test_outside_an_image_is_zero():
    direction = torch.tensor([[math.cos(1), math.sin(1)]])
    crops = turned_crops(torch.ones(1, 1, 8, 8), torch.tensor([[2.0, 0.5]]), torch.tensor([[0.5, 0.5]]), direction, 4)
    assert not crops.any()
