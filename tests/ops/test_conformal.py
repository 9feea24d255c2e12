import numpy as np
import torch

from zoo.ops.conformal import pooled_radius, residual_quantiles


def test_ranks_are_those_of_split_conformal_prediction():
    residuals = torch.arange(1.0, 20.0)[torch.randperm(19)].view(19, 1, 1)  # 19 residuals: (n + 1) level is an integer
    levels = torch.tensor([0.05, 0.5, 0.95, 0.1, 0.9])
    assert residual_quantiles(residuals, levels).flatten().tolist() == [1, 10, 19, 2, 18]
    odd = residual_quantiles(residuals[:17], torch.tensor([0.05, 0.95]))
    assert odd.flatten().tolist() == [residuals[:17].min(), residuals[:17].max()]


def test_a_new_residual_lies_within_as_often_as_promised():
    generator = np.random.default_rng(0)
    levels = torch.tensor([0.05, 0.95])
    inside = 0
    for _ in range(3000):
        residuals = torch.from_numpy(generator.gamma(2.0, size=50))
        lower, upper = residual_quantiles(residuals[:49], levels)
        inside += int(lower <= residuals[49] <= upper)
    assert 0.885 < inside / 3000 < 0.93  # at least 90 %, and with 49 residuals exactly 46 of 50 ranks: 92 %


def test_pooled_intervals_of_few_overlapping_windows_cover_at_least_what_they_promise():
    generator = np.random.default_rng(0)
    inside = []
    for _ in range(500):
        steps = torch.from_numpy(generator.normal(size=15))
        radius = pooled_radius(steps.unfold(0, 12, 1)[..., None], 0.9)  # 4 windows
        inside.append(abs(generator.normal()) <= radius.item())
    assert 0.9 <= np.mean(inside) < 0.97
