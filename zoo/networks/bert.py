"""BERT: a bidirectional transformer encoder with the two heads of its pre-training."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from zoo.errors import ZooError
from zoo.networks.bert_layers import Dense, Embeddings, Layer

_STD = 0.02  # of initial weights
_HEAD_WIDTH = 64


class Encoded(NamedTuple):
    """The output of the encoder."""

    hidden: Float[Tensor, "b t h"]
    """One vector for each token."""
    pooled: Float[Tensor, "b h"]
    """One vector for each sequence, from its first token."""


class PretrainingOutputs(NamedTuple):
    """Logits of both heads."""

    tokens: Float[Tensor, "b p v"]
    """Of the vocabulary, at each requested position."""
    next_sentence: Float[Tensor, "b 2"] | None
    """Of "B follows A" and "B is random"; None without this head."""


class Encoder(nn.Module):
    """The stack of layers."""

    def __init__(self, layers: list[Layer], *, checkpointing: bool) -> None:
        super().__init__()
        self.layer = nn.ModuleList(layers)
        self.checkpointing = checkpointing

    def forward(self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b 1 1 t"]) -> Float[Tensor, "b t h"]:
        """Returns the tokens after the last layer."""
        for layer in self.layer:
            if self.checkpointing and self.training and torch.is_grad_enabled():
                hidden = checkpoint(layer, hidden, visible, use_reentrant=False)
            else:
                hidden = layer(hidden, visible)
        return hidden


class Bert(nn.Module):
    """The encoder: embeddings, layers, and a pooler on the first token.

    Source: Devlin et al., "BERT", 2018, arXiv:1810.04805. Parameter names are those of Hugging Face's `BertModel`. The
    tokens `pad_id` fill up short sequences, and no other token attends to them. Each attention head is 64 wide and the
    intermediate layer four times as wide as the others, unless `num_heads` or `intermediate_size` say otherwise.

    Raises:
        ZooError: a width that the heads do not divide, or dropout outside [0, 1).
    """

    def __init__(
        self,
        *,
        vocab_size: int,
        hidden_size: int,
        num_layers: int,
        num_heads: int | None = None,
        intermediate_size: int | None = None,
        max_positions: int = 512,
        pad_id: int = 0,
        dropout: float = 0.1,
        pooling: bool = True,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        heads = num_heads or max(hidden_size // _HEAD_WIDTH, 1)
        if hidden_size % heads:
            raise ZooError(f"`hidden_size` (={hidden_size}) must be a multiple of `num_heads` (={heads})")
        if not 0.0 <= dropout < 1.0:
            raise ZooError(f"`dropout` (={dropout}) must lie in [0, 1)")
        self.pad_id = pad_id
        self.max_positions = max_positions
        width = intermediate_size or 4 * hidden_size
        self.embeddings = Embeddings(
            vocab_size=vocab_size, hidden_size=hidden_size, max_positions=max_positions, pad_id=pad_id, dropout=dropout
        )
        layers = [
            Layer(hidden_size=hidden_size, num_heads=heads, intermediate_size=width, dropout=dropout)
            for _ in range(num_layers)
        ]
        self.encoder = Encoder(layers, checkpointing=checkpointing)
        self.pooler = Dense(hidden_size, hidden_size) if pooling else None

    def forward(self, tokens: Int[Tensor, "b t"], segments: Int[Tensor, "b t"] | None = None) -> Encoded:
        """Returns a vector for each token and one for the sequence; without a pooler that of the first token.

        Raises:
            ZooError: more tokens than positions.
        """
        if tokens.shape[1] > self.max_positions:
            raise ZooError(
                f"{tokens.shape[1]} tokens are more than the {self.max_positions} positions of this network: "
                f"truncate them"
            )
        hidden = self.encoder(self.embeddings(tokens, segments), self.visible(tokens))
        first = hidden[:, 0]
        return Encoded(hidden, first if self.pooler is None else self.pooler(first).tanh())

    def visible(self, tokens: Int[Tensor, "b t"]) -> Bool[Tensor, "b 1 1 t"]:
        """Returns which tokens the others attend to: all but the padding."""
        return tokens.ne(self.pad_id)[:, None, None]

    def attention_maps(
        self, tokens: Int[Tensor, "b t"], segments: Int[Tensor, "b t"] | None = None
    ) -> Float[Tensor, "b l n t t"]:
        """Returns the attention of each layer and head, from each token (row) to each token (column)."""
        hidden, visible, maps = self.embeddings(tokens, segments), self.visible(tokens), []
        for layer in self.encoder.layer:
            assert isinstance(layer, Layer)  # of a ModuleList it is not known
            maps.append(layer.attention.self.weights(hidden, visible))
            hidden = layer(hidden, visible)
        return torch.stack(maps, dim=1)

    def stages(self, prefix: str) -> dict[str, dict[str, nn.Module]]:
        """Returns the stages of fine-tuning, from the input on, with module paths below `prefix`."""
        stages: dict[str, dict[str, nn.Module]] = {"embeddings": {f"{prefix}.embeddings": self.embeddings}}
        for number, layer in enumerate(self.encoder.layer):
            stages[f"layer{number}"] = {f"{prefix}.encoder.layer.{number}": layer}
        if self.pooler is not None:
            stages["pooler"] = {f"{prefix}.pooler": self.pooler}
        return stages


def mean_of_tokens(hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b t"]) -> Float[Tensor, "b h"]:
    """Returns the mean vector of the visible tokens."""
    weights = visible[..., None].to(hidden.dtype)
    return (hidden * weights).sum(1) / weights.sum(1).clamp(min=1)


def initialize(network: nn.Module) -> None:
    """Draws weights from a normal distribution with deviation 0.02, truncated at two deviations; biases are 0."""
    for module in network.modules():
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.trunc_normal_(module.weight, std=_STD, a=-2 * _STD, b=2 * _STD)
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
        if isinstance(module, nn.Embedding) and module.padding_idx is not None:
            module.weight.data[module.padding_idx].zero_()


def draw_as_glorot(part: nn.Module) -> None:
    """Draws the weights of dense layers from a uniform distribution of variance 2 / (inputs + outputs).

    Source: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010.
    """
    for module in part.modules():
        if isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
