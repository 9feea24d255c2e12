import torch

from zoo.metrics.concatenated import Concatenated


def test_values_come_back_in_order_and_reset_forgets_them():
    kept = Concatenated()
    parts = [torch.rand(size, 3, requires_grad=True) for size in (4, 1, 2)]
    for part in parts:
        kept.update(part)
    whole = kept.compute()
    assert torch.equal(whole, torch.cat(parts))
    assert not whole.requires_grad
    kept.reset()
    kept.update(parts[1])
    assert len(kept.compute()) == 1
