import pytest
import torch

from zoo.metrics.mean import MeanLoss


def test_a_small_last_batch_counts_for_its_size():
    metric = MeanLoss()
    losses = torch.tensor([1.0, 2.0, 3.0, 10.0])
    for part in losses.split(3):
        metric.update(part.mean(), len(part))
    assert metric.compute() == pytest.approx(losses.mean().item())
    metric.reset()
    metric.update(torch.tensor(5.0, requires_grad=True), 2)
    assert metric.compute() == 5
    assert not metric.compute().requires_grad
