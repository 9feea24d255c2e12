"""The layers of BERT, with the names of their published weights."""

from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

_EPSILON = 1e-12  # of all layer norms, as published


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
