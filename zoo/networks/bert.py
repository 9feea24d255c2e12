"""BERT: a bidirectional transformer encoder with the two heads of its pre-training."""

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from zoo.errors import ZooError

_EPSILON = 1e-12  # of all layer norms, as published
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


class Embeddings(nn.Module):
    """Sum of the embeddings of token, position and segment, normalized."""

    def __init__(self, *, vocab_size: int, hidden_size: int, max_positions: int, pad_id: int, dropout: float) -> None:
        super().__init__()
        self.word_embeddings = nn.Embedding(vocab_size, hidden_size, padding_idx=pad_id)
        self.position_embeddings = nn.Embedding(max_positions, hidden_size)
        self.token_type_embeddings = nn.Embedding(2, hidden_size)
        self.LayerNorm = nn.LayerNorm(hidden_size, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Int[Tensor, "b t"], segments: Int[Tensor, "b t"] | None) -> Float[Tensor, "b t h"]:
        """Returns one vector for each token; without `segments` all tokens are in the first."""
        types = self.token_type_embeddings
        segment = types.weight[0] if segments is None else types(segments)
        position = self.position_embeddings.weight[: tokens.shape[1]]
        return self.dropout(self.LayerNorm(self.word_embeddings(tokens) + segment + position))


class SelfAttention(nn.Module):
    """Scaled dot-product attention of several heads."""

    def __init__(self, *, hidden_size: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.query = nn.Linear(hidden_size, hidden_size)
        self.key = nn.Linear(hidden_size, hidden_size)
        self.value = nn.Linear(hidden_size, hidden_size)
        self.num_heads = num_heads
        self.dropout = dropout

    def forward(self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b 1 1 t"]) -> Float[Tensor, "b t h"]:
        """Returns the mean of the values of visible tokens, weighted by attention."""
        query, key, value = (self._heads(layer(hidden)) for layer in (self.query, self.key, self.value))
        dropout = self.dropout if self.training else 0.0
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=visible, dropout_p=dropout)
        return mixed.transpose(1, 2).flatten(2)

    def weights(self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b 1 1 t"]) -> Float[Tensor, "b n t t"]:
        """Returns the attention of each head, from each token (row) to each token (column)."""
        query, key = self._heads(self.query(hidden)), self._heads(self.key(hidden))
        scores = query @ key.transpose(2, 3) / query.shape[3] ** 0.5
        return scores.masked_fill(~visible, float("-inf")).softmax(3)

    def _heads(self, values: Float[Tensor, "b t h"]) -> Float[Tensor, "b n t d"]:
        return values.unflatten(2, (self.num_heads, -1)).transpose(1, 2)


class Residual(nn.Module):
    """A linear layer whose output is added to its block's input, and normalized (post-LN)."""

    def __init__(self, inputs: int, outputs: int, dropout: float) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)
        self.LayerNorm = nn.LayerNorm(outputs, eps=_EPSILON)
        self.dropout = nn.Dropout(dropout)

    def forward(self, values: Float[Tensor, "b t i"], residual: Float[Tensor, "b t h"]) -> Float[Tensor, "b t h"]:
        """Returns the normalized sum."""
        return self.LayerNorm(self.dropout(self.dense(values)) + residual)


class Attention(nn.Module):
    """The attention block of a layer."""

    def __init__(self, *, hidden_size: int, num_heads: int, dropout: float) -> None:
        super().__init__()
        self.self = SelfAttention(hidden_size=hidden_size, num_heads=num_heads, dropout=dropout)
        self.output = Residual(hidden_size, hidden_size, dropout)

    def forward(self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b 1 1 t"]) -> Float[Tensor, "b t h"]:
        """Returns the tokens after attention."""
        return self.output(self.self(hidden, visible), hidden)


class Dense(nn.Module):
    """A linear layer called `dense`, as its weights are published."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.dense = nn.Linear(inputs, outputs)

    def forward(self, values: Float[Tensor, "*n i"]) -> Float[Tensor, "*n o"]:
        """Returns the output of the linear layer."""
        return self.dense(values)


class Layer(nn.Module):
    """Attention, then two linear layers with a GELU between them."""

    def __init__(self, *, hidden_size: int, num_heads: int, intermediate_size: int, dropout: float) -> None:
        super().__init__()
        self.attention = Attention(hidden_size=hidden_size, num_heads=num_heads, dropout=dropout)
        self.intermediate = Dense(hidden_size, intermediate_size)
        self.output = Residual(intermediate_size, hidden_size, dropout)

    def forward(self, hidden: Float[Tensor, "b t h"], visible: Bool[Tensor, "b 1 1 t"]) -> Float[Tensor, "b t h"]:
        """Returns the tokens after this layer."""
        attended = self.attention(hidden, visible)
        return self.output(F.gelu(self.intermediate(attended)), attended)


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
