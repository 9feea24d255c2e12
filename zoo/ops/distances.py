"""Squared Euclidean distances between vectors, in the Gram form."""

import torch
from jaxtyping import Float
from torch import Tensor


def squared_distances(a: Float[Tensor, "n d"], b: Float[Tensor, "n d"]) -> Float[Tensor, " n"]:
    """Computes the squared Euclidean distance of each row of `a` to the same row of `b`, in float32 or better."""
    return (at_least_float32(a) - at_least_float32(b)).square().sum(dim=1)


def pairwise_squared_distances(a: Float[Tensor, "n d"], b: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
    """Computes the squared Euclidean distance of every row of `a` to every row of `b`, in float32 or better.

    The Gram form |a|² + |b|² − 2ab avoids an n × m × d intermediate. Both sides are centered on the mean of `b`,
    because the form cancels digits for vectors far from the origin.
    """
    a, b = at_least_float32(a), at_least_float32(b)
    # Half precision loses every digit of a small distance, so autocast must not reach the product.
    with torch.autocast(device_type=a.device.type, enabled=False):
        center = b.detach().mean(dim=0) if len(b) else b.new_zeros(b.shape[1])
        a, b = a - center, b - center
        products = torch.addmm(b.square().sum(dim=1)[None], a, b.T, alpha=-2)
        return (products + a.square().sum(dim=1)[:, None]).clamp_min(0)


def safe_sqrt(values: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Computes the square root with gradient 0 at zero, where the gradient of `torch.sqrt` is infinite."""
    positive = values > 0
    return torch.where(positive, torch.where(positive, values, torch.ones_like(values)).sqrt(), 0.0)


def at_least_float32(vectors: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Converts smaller types to float32; float32 and float64 stay."""
    return vectors.to(torch.promote_types(vectors.dtype, torch.float32))
