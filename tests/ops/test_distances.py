import pytest
import torch

from zoo.ops.distances import pairwise_squared_distances, safe_sqrt, squared_distances


def test_pairwise_equals_cdist():
    torch.manual_seed(0)
    a, b = torch.randn(7, 5, dtype=torch.float64), torch.randn(9, 5, dtype=torch.float64)
    expected = torch.cdist(a, b, compute_mode="donot_use_mm_for_euclid_dist").square()
    torch.testing.assert_close(pairwise_squared_distances(a, b), expected)
    torch.testing.assert_close(squared_distances(a, b[:7]), expected.diagonal())


def test_far_from_the_origin_no_digits_are_lost():
    torch.manual_seed(0)
    near = torch.randn(20, 8, dtype=torch.float64)
    far = (near + 1000).float()
    torch.testing.assert_close(
        pairwise_squared_distances(far, far).double(), torch.cdist(near, near) ** 2, atol=2e-2, rtol=1e-3
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_computed_in_float32(dtype):
    torch.manual_seed(0)
    vectors = (100 * torch.randn(6, 300)).to(dtype)  # the squares overflow float16
    found = pairwise_squared_distances(vectors, vectors)
    assert found.dtype == torch.float32
    torch.testing.assert_close(
        found.double(), torch.cdist(vectors.double(), vectors.double()) ** 2, rtol=1e-4, atol=2.0
    )


def test_autocast_does_not_reach_the_product():
    torch.manual_seed(0)
    vectors = torch.nn.functional.normalize(torch.randn(6, 300), dim=1)
    with torch.autocast("cpu", torch.bfloat16):
        found = pairwise_squared_distances(vectors, vectors)
    torch.testing.assert_close(
        found, torch.cdist(vectors.double(), vectors.double()).square().float(), atol=1e-5, rtol=1e-5
    )


def test_equal_vectors_have_distance_zero_and_a_finite_gradient():
    vectors = torch.ones(3, 4, requires_grad=True)
    distances = safe_sqrt(pairwise_squared_distances(vectors, vectors))
    assert (distances == 0).all()
    distances.sum().backward()
    assert torch.equal(vectors.grad, torch.zeros(3, 4))


def test_gradients():
    torch.manual_seed(0)
    a = torch.randn(4, 3, dtype=torch.float64, requires_grad=True)
    b = torch.randn(5, 3, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda a, b: safe_sqrt(pairwise_squared_distances(a, b)), (a, b))
    # The same vectors on both sides: the diagonal is the point where a naive root gives NaN.
    assert torch.autograd.gradcheck(lambda a: pairwise_squared_distances(a, a).sum(dim=1), (a,))
