"""Winograd's convolutions are those of PyTorch up to rounding, and so are their gradients."""

import pytest
import torch
import torch.nn.functional as F

from zoo.ops.winograd import Kernels, winograd_conv2d


@pytest.mark.parametrize("channels_last", [False, True])
@pytest.mark.parametrize("shape", [(1, 3, 8, 8), (2, 5, 7, 10), (3, 4, 1, 2), (1, 2, 140, 139)])  # the last: in parts
def test_outputs_and_gradients_are_those_of_a_convolution(shape, channels_last):
    torch.manual_seed(0)
    weight, bias = torch.randn(6, shape[1], 3, 3), torch.randn(6)
    images = torch.randn(shape)
    if channels_last:
        images = images.contiguous(memory_format=torch.channels_last)
    ours, theirs = images.clone().requires_grad_(), images.double().requires_grad_()
    found, expected = (
        winograd_conv2d(ours, Kernels(weight, bias)),
        F.conv2d(theirs, weight.double(), bias.double(), padding=1),
    )
    assert found.dtype == torch.float32
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-5 * expected.abs().max().item())
    upstream = torch.randn_like(found)
    found.backward(upstream)
    expected.backward(upstream.double())
    torch.testing.assert_close(ours.grad.double(), theirs.grad, rtol=0, atol=1e-5 * theirs.grad.abs().max().item())
