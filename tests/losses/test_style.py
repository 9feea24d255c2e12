"""Costs of style transfer against their formulas in NumPy, analytic gradients and scale laws."""

import numpy as np
import pytest
import torch
from torch.autograd import gradcheck

from zoo.losses.style import (
    NORMALIZATIONS,
    Moments,
    adaptive_instance_norm,
    channel_moments,
    content_cost,
    gram_matrix,
    moment_cost,
    style_cost,
    total_variation,
)

N, H, W = 4, 3, 5
M = H * W


def maps(seed: int, batch: int = 1) -> torch.Tensor:
    return torch.randn(batch, N, H, W, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def gradient(cost, features: torch.Tensor) -> torch.Tensor:
    features = features.clone().requires_grad_()
    (found,) = torch.autograd.grad(cost(features), features)
    return found


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_equal_maps_cost_nothing_and_have_no_gradient(normalization, batch):
    features = maps(0, batch)
    gram, moments = gram_matrix(features), channel_moments(features)
    for cost in (
        lambda f: content_cost(f, features, normalization=normalization),
        lambda f: style_cost(f, gram, normalization=normalization),
        lambda f: moment_cost(f, moments),
    ):
        assert cost(features) == 0
        assert not gradient(cost, features).any()


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_style_is_unchanged_by_permuting_positions(normalization):
    features, target = maps(0), gram_matrix(maps(1))
    shuffled = features.flatten(2)[..., torch.randperm(M)].view_as(features)
    costs = [style_cost(f, target, normalization=normalization) for f in (features, shuffled)]
    torch.testing.assert_close(*costs, rtol=1e-13, atol=0)
    assert content_cost(shuffled, features, normalization=normalization) > 0


def test_style_compares_pictures_of_other_sizes():
    features = maps(0)
    twice = features.repeat(1, 1, 2, 3)  # the same texture on six times the area
    assert style_cost(twice, gram_matrix(features), normalization="gatys") < 1e-25


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
def test_scale_laws(normalization):
    features, other, k = maps(0), maps(1), 3.0
    content = [content_cost(s * features, s * other, normalization=normalization) for s in (1, k)]
    style = [style_cost(s * features, gram_matrix(s * other), normalization=normalization) for s in (1, k)]
    torch.testing.assert_close(content[1], k**2 * content[0], rtol=1e-13, atol=0)
    torch.testing.assert_close(style[1], k**4 * style[0], rtol=1e-13, atol=0)


def test_gradients_are_those_of_the_formulas():
    features, other = maps(0), maps(1)
    found = gradient(lambda f: content_cost(f, other, normalization="gatys"), features)
    torch.testing.assert_close(found, features - other, rtol=0, atol=1e-12)
    f, s = features.flatten(2)[0], other.flatten(2)[0]
    expected = ((f @ f.T - s @ s.T) @ f / (N**2 * M**2)).view_as(features)
    found = gradient(lambda f: style_cost(f, gram_matrix(other), normalization="gatys"), features)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


def test_values_are_those_of_numpy():
    features, other = maps(0), maps(1)
    f, s = (value.numpy().reshape(N, M) for value in (features, other))
    grams = [np.einsum("ik,jk->ij", a, a) for a in (f, s)]
    distance = ((grams[0] - grams[1]) ** 2).sum()
    target = gram_matrix(other)
    for value, expected in (
        (content_cost(features, other, normalization="gatys"), 0.5 * ((f - s) ** 2).sum()),
        (content_cost(features, other, normalization="chw"), ((f - s) ** 2).mean()),
        (style_cost(features, target, normalization="gatys"), distance / (4 * N**2 * M**2)),
        (style_cost(features, target, normalization="chw"), (((grams[0] - grams[1]) / (N * M)) ** 2).mean()),
        (
            total_variation(features),
            (np.diff(features.numpy(), axis=2) ** 2).mean() + (np.diff(features.numpy(), axis=3) ** 2).mean(),
        ),
    ):
        np.testing.assert_allclose(value.item(), expected, rtol=1e-13)
    moments = channel_moments(features)
    np.testing.assert_allclose(moments.mean.numpy().ravel(), f.mean(1), rtol=1e-12)
    np.testing.assert_allclose(moments.std.numpy().ravel(), np.sqrt(f.var(1, ddof=1) + 1e-5), rtol=1e-12)


def test_the_gram_matrix_is_symmetric_and_its_trace_is_the_power():
    features = maps(0)
    gram = gram_matrix(features)[0]
    torch.testing.assert_close(gram, gram.T, rtol=0, atol=1e-15)
    assert torch.linalg.eigvalsh(gram).min() > -1e-12
    torch.testing.assert_close(gram.trace(), features.square().sum() / M)


def test_adain_gives_the_moments_of_the_style():
    features, style = maps(0, 2), channel_moments(5 * maps(1, 2) + 2)
    found = channel_moments(adaptive_instance_norm(features, style))
    torch.testing.assert_close(found.mean, style.mean)
    torch.testing.assert_close(found.std, style.std, rtol=1e-4, atol=0)  # EPSILON
    assert adaptive_instance_norm(features, channel_moments(features)).sub(features).abs().max() < 1e-12


def test_every_cost_passes_gradcheck():
    features, other = maps(0, 2).requires_grad_(), maps(1, 2)
    moments = Moments(*(value.detach() for value in channel_moments(other)))
    for normalization in NORMALIZATIONS:
        assert gradcheck(lambda f, n=normalization: content_cost(f, other, normalization=n), (features,))
        assert gradcheck(lambda f, n=normalization: style_cost(f, gram_matrix(other), normalization=n), (features,))
    for cost in (total_variation, lambda f: moment_cost(f, moments), lambda f: adaptive_instance_norm(f, moments)):
        assert gradcheck(cost, (features,))
