"""The multilayer perceptron: LINEAR → RELU → … → LINEAR, with embeddings of categories."""

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError

OUTPUTS = ("softmax", "sigmoid")
_NOTES_STD = 0.01


class MultilayerPerceptron(nn.Module):
    """Linear layers with ReLU between; `hidden` gives the width of each hidden layer, one for a two-layer network.

    An input [B F] has `in_features` numbers, then the one-hot code of each of `categories`, whose sizes these are. A
    code is multiplied by an embedding of at most `embedding_size` values; an unknown category, all zeros, has none.

    With `output` of `sigmoid` and two classes, one output is the logit of the second class, and that of the first is 0.
    Weights are drawn by Kaiming initialization (He et al. 2015, arXiv:1502.01852). `numpy_seed` draws them as
    0.01·randn of `numpy.random.seed`, first layer first, in double precision, as published exercises do.

    Raises:
        ZooError: a width, a size or a probability that is no such thing, or a sigmoid for other than two classes.
    """

    heads = ("classifier",)

    def __init__(
        self,
        *,
        num_classes: int = 2,
        in_features: int = 30,
        categories: Sequence[int] = (),
        hidden: Sequence[int] = (64,),
        embedding_size: int = 8,
        dropout: float = 0.0,
        output: str = "softmax",
        numpy_seed: int | None = None,
    ) -> None:
        super().__init__()
        _check(num_classes, in_features, categories, hidden, embedding_size, dropout, output)
        self.in_features = in_features
        self.categories = list(categories)
        self.sigmoid = output == "sigmoid"
        widths = [min(embedding_size, size) for size in categories]
        self.embeddings = nn.ModuleList(
            nn.Linear(size, width, bias=False) for size, width in zip(categories, widths, strict=True)
        )
        layers: list[nn.Module] = []
        before = in_features + sum(widths)
        for width in hidden:
            layers += [nn.Linear(before, width), nn.ReLU(inplace=True)]
            if dropout:
                layers.append(nn.Dropout(dropout))
            before = width
        self.layers = nn.Sequential(*layers)
        outputs = 1 if self.sigmoid else num_classes
        self.classifier: nn.Module = nn.Linear(before, outputs) if outputs else nn.Identity()
        self._initialize()
        if numpy_seed is not None:
            self._draw_with_numpy(numpy_seed)

    def forward(self, rows: Float[Tensor, "b f"]) -> Float[Tensor, "b k"]:
        """Returns one output for each class."""
        rows = rows.to(next(self.parameters()).dtype)  # that of `numpy_seed` is double
        numbers, *codes = rows.split([self.in_features, *self.categories], dim=1)
        embedded = [embedding(code) for embedding, code in zip(self.embeddings, codes, strict=True)]
        outputs: Tensor = self.classifier(self.layers(torch.cat([numbers, *embedded], dim=1)))
        return torch.cat([torch.zeros_like(outputs), outputs], dim=1) if self.sigmoid else outputs

    def _initialize(self) -> None:
        for module in self.layers:
            if isinstance(module, nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                nn.init.zeros_(module.bias)
        if isinstance(self.classifier, nn.Linear):
            nn.init.normal_(self.classifier.weight, std=0.01)  # starts the loss at ln K
            nn.init.zeros_(self.classifier.bias)

    def _draw_with_numpy(self, seed: int) -> None:
        self.double()
        generator = np.random.RandomState(seed)
        for module in self.modules():
            if isinstance(module, nn.Linear):
                drawn = generator.randn(*module.weight.shape) * _NOTES_STD
                with torch.no_grad():
                    module.weight.copy_(torch.from_numpy(drawn))


def _check(
    num_classes: int,
    in_features: int,
    categories: Sequence[int],
    hidden: Sequence[int],
    embedding_size: int,
    dropout: float,
    output: str,
) -> None:
    if in_features < 0 or in_features + len(categories) < 1:
        raise ZooError(f"`in_features` (={in_features}) must be at least 1 without categories")
    for name, values in {"categories": categories, "hidden": hidden, "embedding_size": [embedding_size]}.items():
        if any(value < 1 for value in values):
            raise ZooError(f"`{name}` (={values}) must be at least 1")
    if not 0.0 <= dropout < 1.0:
        raise ZooError(f"`dropout` (={dropout}) must lie in [0, 1)")
    if output not in OUTPUTS:
        raise ZooError(f"`output` (={output}) must be one of: {', '.join(OUTPUTS)}")
    if output == "sigmoid" and num_classes != 2:
        raise ZooError(f"`output` (=sigmoid) tells two classes apart, and there are {num_classes}: give softmax")
    if num_classes < 0:
        raise ZooError(f"`num_classes` (={num_classes}) must not be negative; 0 asks for the last hidden layer")
