"""BERT with a classification head."""

from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.networks.bert import Bert, initialize, mean_of_tokens


class BertClassifier(nn.Module):
    """BERT, and a linear layer on the pooled vector of the first token.

    Source: Devlin et al., "BERT", 2018, arXiv:1810.04805, section 4.1. Parameter names are those of Hugging Face's
    `BertForSequenceClassification`. Sizes default to those of MiniLM-L6 (Wang et al., 2020, arXiv:2002.10957).
    `mean_pooling` reads the mean of all tokens in place of the pooled one, as sentence embeddings do.
    """

    heads = ("classifier",)
    optional = ("bert.pooler", "cls")

    def __init__(
        self,
        *,
        num_classes: int = 2,
        vocab_size: int = 30522,
        hidden_size: int = 384,
        num_layers: int = 6,
        num_heads: int | None = None,
        intermediate_size: int | None = None,
        max_positions: int = 512,
        pad_id: int = 0,
        dropout: float = 0.1,
        mean_pooling: bool = False,
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
            pooling=not mean_pooling,
            checkpointing=checkpointing,
        )
        self.mean_pooling = mean_pooling
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden_size, num_classes)
        initialize(self)

    def forward(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b k"]:
        """Returns the logits of the classes."""
        hidden, pooled = self.bert(tokens)
        if self.mean_pooling:
            pooled = mean_of_tokens(hidden, tokens.ne(self.bert.pad_id))
        return self.classifier(self.dropout(pooled))

    def stages(self) -> dict[str, dict[str, nn.Module]]:
        """Returns the stages of fine-tuning: stage name → module path → module, from the input on."""
        return self.bert.stages("bert")
