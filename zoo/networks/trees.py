"""Decision trees as arrays of nodes."""

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError

_MOST_DEPTH = 64


class TreeEnsemble(nn.Module):
    """The mean of the leaves that a sample reaches in `trees` binary trees of at most `nodes` nodes.

    A node sends a sample to `left` if its input `feature` is at most `threshold`, else to `right`; a leaf is its own
    child. Outputs are logarithms of the mean class probabilities, or the mean numbers with one output.

    Raises:
        ZooError: no tree, or no node.
    """

    feature: Int[Tensor, "t n"]
    left: Int[Tensor, "t n"]
    right: Int[Tensor, "t n"]

    def __init__(
        self,
        *,
        num_classes: int = 2,
        in_features: int = 30,
        categories: Sequence[int] = (),
        trees: int = 1,
        nodes: int = 1,
        depth: int = 0,
    ) -> None:
        super().__init__()
        for name, count in {"num_classes": num_classes, "trees": trees, "nodes": nodes}.items():
            if count < 1:
                raise ZooError(f"`{name}` (={count}) must be at least 1")
        if not 0 <= depth <= _MOST_DEPTH:
            raise ZooError(f"`depth` (={depth}) must lie in 0 … {_MOST_DEPTH}")
        self.in_features = in_features
        self.categories = list(categories)
        self.depth = depth
        for name in ("feature", "left", "right"):
            self.register_buffer(name, torch.zeros(trees, nodes, dtype=torch.int64))
        thresholds, values = torch.zeros(trees, nodes), torch.zeros(trees, nodes, num_classes)
        self.threshold = nn.Parameter(thresholds.double(), requires_grad=False)
        self.value = nn.Parameter(values.double(), requires_grad=False)

    def forward(self, rows: Float[Tensor, "b f"]) -> Float[Tensor, "b k"]:
        """Returns one output for each class."""
        rows = rows.float()  # as scikit-learn compares them
        count = rows.shape[0]  # `len` would fix the batch size of an exported file
        node = torch.zeros(self.feature.shape[0], count, dtype=torch.int64, device=rows.device)
        for _ in range(self.depth):
            smaller = rows.t().gather(0, self.feature.gather(1, node)) <= self.threshold.gather(1, node)
            node = torch.where(smaller, self.left.gather(1, node), self.right.gather(1, node))
        means = self.value.gather(1, node[..., None].expand(-1, -1, self.value.shape[2])).mean(0)
        return means.clamp(min=1e-12).log() if means.shape[1] > 1 else means

    def size(self) -> dict[str, int]:
        """The arguments that give a network of the same size."""
        trees, nodes = self.feature.shape
        return {"trees": trees, "nodes": nodes, "depth": self.depth}
