"""BERT with the heads of its pre-training: masked tokens and next sentence."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.networks.bert import Bert, PretrainingOutputs, draw_as_glorot, initialize


class Transform(nn.Module):
    """The layer between the encoder and the vocabulary."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.dense = nn.Linear(hidden_size, hidden_size)
        self.LayerNorm = nn.LayerNorm(hidden_size, eps=1e-12)

    def forward(self, hidden: Float[Tensor, "*n h"]) -> Float[Tensor, "*n h"]:
        """Returns vectors that are compared with the embeddings of the vocabulary."""
        return self.LayerNorm(F.gelu(self.dense(hidden)))


class TokenHead(nn.Module):
    """Logits of the vocabulary: products with the embedding matrix, which is shared, plus a bias."""

    def __init__(self, embedding: nn.Embedding) -> None:
        super().__init__()
        vocab_size, hidden_size = embedding.weight.shape
        self.bias = nn.Parameter(torch.zeros(vocab_size))
        self.transform = Transform(hidden_size)
        self.decoder = nn.Linear(hidden_size, vocab_size, bias=False)
        self.decoder.weight = embedding.weight

    def forward(self, hidden: Float[Tensor, "*n h"]) -> Float[Tensor, "*n v"]:
        """Returns the logits."""
        return F.linear(self.transform(hidden), self.decoder.weight, self.bias)


class PretrainingHeads(nn.Module):
    """Both heads, under their published names."""

    def __init__(self, embedding: nn.Embedding, *, next_sentence: bool) -> None:
        super().__init__()
        self.predictions = TokenHead(embedding)
        self.seq_relationship = nn.Linear(embedding.weight.shape[1], 2) if next_sentence else None


class BertPretraining(nn.Module):
    """BERT that guesses masked tokens, and whether the second sentence follows the first.

    Source: Devlin et al., 2018, arXiv:1810.04805. Parameter names are those of Hugging Face's `BertForPreTraining`.
    Sizes default to those of MiniLM-L6 (Wang et al., 2020, arXiv:2002.10957). `next_sentence=False` leaves out the
    pooler and the second head, as RoBERTa does (Liu et al., 2019, arXiv:1907.11692).

    Initial weights have a deviation of 0.02, which is made for BERT's width of 768. `glorot` draws the dense layers of
    the encoder as Glorot and Bengio (2010): narrow networks learn masked words alone, 30 % of them, faster from it.
    """

    heads = ("cls.seq_relationship",)
    optional = ("bert.pooler", "cls")

    def __init__(
        self,
        *,
        vocab_size: int = 30522,
        hidden_size: int = 384,
        num_layers: int = 6,
        num_heads: int | None = None,
        intermediate_size: int | None = None,
        max_positions: int = 512,
        pad_id: int = 0,
        dropout: float = 0.1,
        next_sentence: bool = True,
        glorot: bool = False,
        checkpointing: bool = False,
    ) -> None:
        super().__init__()
        self.bert = Bert(
            vocab_size=vocab_size,
            hidden_size=hidden_size,
            num_layers=num_layers,
            num_heads=num_heads,
            intermediate_size=intermediate_size,
            max_positions=max_positions,
            pad_id=pad_id,
            dropout=dropout,
            pooling=next_sentence,
            checkpointing=checkpointing,
        )
        self.cls = PretrainingHeads(self.bert.embeddings.word_embeddings, next_sentence=next_sentence)
        initialize(self)
        if glorot:
            draw_as_glorot(self.bert.encoder)
            draw_as_glorot(self.cls.predictions.transform)

    def forward(
        self,
        tokens: Int[Tensor, "b t"],
        segments: Int[Tensor, "b t"] | None = None,
        positions: Int[Tensor, "b p"] | None = None,
    ) -> PretrainingOutputs:
        """Returns the logits of the tokens at `positions`, or of all tokens, and those of the next sentence.

        Logits of the vocabulary are the largest tensor of a step; training needs them at masked positions only.
        """
        hidden, pooled = self.bert(tokens, segments)
        if positions is not None:
            hidden = hidden.gather(1, positions[..., None].expand(-1, -1, hidden.shape[2]))
        head = self.cls.seq_relationship
        return PretrainingOutputs(self.cls.predictions(hidden), None if head is None else head(pooled))

    def stages(self) -> dict[str, dict[str, nn.Module]]:
        """Returns the stages of fine-tuning: stage name → module path → module, from the input on."""
        return self.bert.stages("bert")
