"""Solves for the weights of classical models with scikit-learn, and keeps them as plain arrays."""

from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from zoo.networks.linear import LinearModel
from zoo.networks.trees import TreeEnsemble


def copy_linear(network: LinearModel, weight: Float[np.ndarray, "k f"], bias: Float[np.ndarray, " k"]) -> None:
    """Writes solved weights into a network."""
    with torch.no_grad():
        network.head.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
        network.head.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))


def tree_network(trees: list[Any], like: TreeEnsemble, *, scale: float = 1.0, center: float = 0.0) -> TreeEnsemble:
    """The nodes of fitted trees of scikit-learn (`tree_`), whose values are standardized by `center` and `scale`.

    Classes have their shares as values.
    """
    nodes, outputs = max(tree.node_count for tree in trees), like.value.shape[2]
    network = TreeEnsemble(
        num_classes=outputs,
        in_features=like.in_features,
        categories=like.categories,
        trees=len(trees),
        nodes=nodes,
        depth=max(tree.max_depth for tree in trees),
    )
    for place, tree in enumerate(trees):
        own = np.arange(tree.node_count)
        leaf = tree.children_left < 0
        values = tree.value[:, 0, :]
        columns = {
            "feature": np.where(leaf, 0, tree.feature),
            "threshold": np.where(leaf, 0.0, tree.threshold),
            "left": np.where(leaf, own, tree.children_left),
            "right": np.where(leaf, own, tree.children_right),
            "value": values / values.sum(1, keepdims=True) if outputs > 1 else (values - center) / scale,
        }
        for name, column in columns.items():
            getattr(network, name).data[place, : tree.node_count] = torch.from_numpy(column)
    return network
