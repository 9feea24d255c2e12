import torch
from torch.nn import functional as F

from zoo.ops.square_crops import square_crops

GENERATOR = torch.Generator().manual_seed(0)


def test_a_magnified_crop_is_that_of_grid_sample():
    maps = torch.rand(2, 3, 20, 30, generator=GENERATOR, dtype=torch.float64)
    center, side = torch.tensor([[0.4, 0.5], [0.9, 0.1]], dtype=torch.float64), torch.tensor([0.5, 0.3])
    crops = square_crops(maps, center, side.double(), 24)
    linear = torch.diag_embed(side[:, None].expand(-1, 2).double())
    grid = F.affine_grid(torch.cat([linear, (2 * center - 1)[:, :, None]], 2), [2, 3, 24, 24], align_corners=False)
    torch.testing.assert_close(crops, F.grid_sample(maps, grid, align_corners=False))


def test_a_reduced_crop_averages():
    flat = torch.full((1, 1, 64, 64), 3.0)
    inside = square_crops(flat, torch.tensor([[0.5, 0.5]]), torch.tensor([0.5]), 4)
    torch.testing.assert_close(inside, torch.full((1, 1, 4, 4), 3.0))
    stripes = torch.zeros(1, 1, 64, 64)
    stripes[..., ::2] = 1  # bilinear samples of such stripes depend on where they fall
    gray = square_crops(stripes, torch.tensor([[0.5, 0.5]]), torch.tensor([0.5]), 4)
    torch.testing.assert_close(gray, torch.full((1, 1, 4, 4), 0.5))


def test_outside_a_map_is_zero():
    crops = square_crops(torch.ones(1, 1, 8, 8), torch.tensor([[2.0, 0.5]]), torch.tensor([0.5]), 4)
    assert not crops.any()
