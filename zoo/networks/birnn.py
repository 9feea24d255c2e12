"""A bidirectional recurrent network over tokens."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.networks.bert import mean_of_tokens

_CELLS: dict[str, Callable[..., nn.RNNBase]] = {"gru": nn.GRU, "lstm": nn.LSTM}


class BiRNNClassifier(nn.Module):
    """Embeds tokens, reads them forwards and backwards with a GRU or LSTM, and classifies the mean of all states.

    Sources: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks", 1997; Cho et al., 2014, arXiv:1406.1078;
    Hochreiter and Schmidhuber, 1997. Sequences are packed: the backward direction starts at the last token, not at the
    padding.

    Raises:
        ZooError: an unknown cell, or dropout outside [0, 1).
    """

    heads = ("classifier",)

    def __init__(
        self,
        *,
        num_classes: int = 2,
        vocab_size: int = 30522,
        pad_id: int = 0,
        cell: str = "gru",
        embedding_size: int = 128,
        hidden_size: int = 128,
        num_layers: int = 1,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        if cell not in _CELLS:
            raise ZooError(f"`cell` (={cell}) must be one of: {', '.join(_CELLS)}")
        if not 0.0 <= dropout < 1.0:
            raise ZooError(f"`dropout` (={dropout}) must lie in [0, 1)")
        self.pad_id = pad_id
        self.embedding = nn.Embedding(vocab_size, embedding_size, padding_idx=pad_id)
        self.encoder = _CELLS[cell](
            embedding_size,
            hidden_size,
            num_layers,
            batch_first=True,
            dropout=dropout if num_layers > 1 else 0.0,
            bidirectional=True,
        )
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(2 * hidden_size, num_classes)

    def forward(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b k"]:
        """Returns the logits of the classes."""
        visible = tokens.ne(self.pad_id)
        places = torch.arange(1, tokens.shape[1] + 1, device=tokens.device)
        lengths = (visible * places).amax(1).clamp(min=1).cpu()  # up to the last token: a text may say [PAD] itself
        packed = nn.utils.rnn.pack_padded_sequence(
            self.dropout(self.embedding(tokens)), lengths, batch_first=True, enforce_sorted=False
        )
        states, _ = nn.utils.rnn.pad_packed_sequence(
            self.encoder(packed)[0], batch_first=True, total_length=tokens.shape[1]
        )
        return self.classifier(self.dropout(mean_of_tokens(states, visible)))
