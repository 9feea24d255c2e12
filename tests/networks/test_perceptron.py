"""The multilayer perceptron, and the two-layer network of published notes against NumPy."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.networks.perceptron import MultilayerPerceptron


def test_the_notes_network_has_their_parameters():
    with torch.device("meta"):
        network = MultilayerPerceptron(in_features=12288, hidden=[7], output="sigmoid", numpy_seed=1)
        deeper = MultilayerPerceptron(in_features=12288, hidden=[20, 7, 5], output="sigmoid")
    assert sum(parameter.numel() for parameter in network.parameters()) == 86_031
    assert sum(parameter.numel() for parameter in deeper.parameters()) == 245_973


def notes_costs(x, y, hidden, rate, steps):
    """The two-layer model of the notes: forward, hand-derived backward and gradient descent in NumPy; x is [F, N]."""
    np.random.seed(1)  # noqa: NPY002
    w1, b1 = np.random.randn(hidden, len(x)) * 0.01, np.zeros((hidden, 1))  # noqa: NPY002
    w2, b2 = np.random.randn(1, hidden) * 0.01, np.zeros((1, 1))  # noqa: NPY002
    costs, m = [], x.shape[1]
    for _ in range(steps):
        z1 = w1 @ x + b1
        a1 = np.maximum(z1, 0)
        a2 = 1 / (1 + np.exp(-(w2 @ a1 + b2)))
        costs.append(float(-(y * np.log(a2) + (1 - y) * np.log(1 - a2)).mean()))
        dz2 = a2 - y
        dw2, db2 = dz2 @ a1.T / m, dz2.mean(1, keepdims=True)
        dz1 = (w2.T @ dz2) * (z1 > 0)
        dw1, db1 = dz1 @ x.T / m, dz1.mean(1, keepdims=True)
        w1, b1, w2, b2 = w1 - rate * dw1, b1 - rate * db1, w2 - rate * dw2, b2 - rate * db2
    return costs, w1, w2


def test_training_equals_a_backward_pass_derived_by_hand():
    generator = np.random.default_rng(0)
    x = generator.integers(0, 256, (48, 30)) / 255
    y = (x[:1] + x[1:2] > 1).astype(float)
    costs, w1, w2 = notes_costs(x, y, 7, 0.5, 300)
    network = MultilayerPerceptron(in_features=48, hidden=[7], output="sigmoid", numpy_seed=1)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.5)
    found = []
    for _ in range(300):
        loss = F.cross_entropy(network(torch.from_numpy(x.T)), torch.from_numpy(y[0]).long())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert costs[-1] < 0.9 * costs[0]
    np.testing.assert_allclose(found, costs, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network.layers[0].weight.detach().numpy(), w1, rtol=0, atol=1e-12)
    np.testing.assert_allclose(network.classifier.weight.detach().numpy(), w2, rtol=0, atol=1e-12)


def test_a_code_selects_its_embedding_and_an_unknown_one_has_none():
    network = MultilayerPerceptron(in_features=1, categories=[3, 20], hidden=[], embedding_size=4, num_classes=5)
    assert [tuple(embedding.weight.shape) for embedding in network.embeddings] == [(3, 3), (4, 20)]
    row = torch.zeros(1, 24)
    row[0, [0, 2, 9]] = torch.tensor([1.5, 1.0, 1.0])
    parts = [row[:, :1], network.embeddings[0].weight[:, 1][None], network.embeddings[1].weight[:, 5][None]]
    torch.testing.assert_close(network(row), network.classifier(torch.cat(parts, 1)))
    assert network(torch.zeros(1, 24)).equal(network.classifier.bias[None])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"in_features": 0}, "in_features` .=0. must be at least 1"),
        ({"hidden": [3, 0]}, "`hidden` .=.3, 0.. must be at least 1"),
        ({"dropout": 1.0}, "`dropout` .=1.0. must lie in .0, 1."),
        ({"output": "tanh"}, "`output` .=tanh. must be one of: softmax, sigmoid"),
        ({"output": "sigmoid", "num_classes": 3}, "tells two classes apart, and there are 3"),
        ({"num_classes": -1}, "must not be negative"),
    ],
)
def test_a_wrong_argument_is_refused(arguments, message):
    with pytest.raises(ZooError, match=message):
        MultilayerPerceptron(**arguments)
