"""Text classification: one label per text."""

from collections.abc import Mapping
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from zoo.config.instantiate import argument
from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.tasks.classification import Classification
from zoo.tasks.export import Program
from zoo.tasks.text_task import TextTask

_NOMINAL_TOKENS = 128
_CHECKED_LENGTHS = {1: 7, 3: 128}  # tokens of the batches on which an exported file is checked, by batch size


class TextClassification(Classification, TextTask):
    """The procedure of `Classification` on `(tokens [B T], labels [B])`; the card holds the tokenizer."""

    kind = "text classification"

    def preprocessing_entries(self) -> tuple[str, ...]:
        """Those of texts."""
        return TextTask.preprocessing_entries(self)

    def resolve_source(self, source: Any) -> Any:
        """A path, or a list of texts."""
        return TextTask.resolve_source(self, source)

    def features(self, source: Any, *, batch_size: int, pooling: str | None = None) -> Tensor:
        """The vectors of texts."""
        return TextTask.features(self, source, batch_size=batch_size, pooling=pooling)

    def forward(self, tokens: Int[Tensor, "b t"]) -> Float[Tensor, "b k"]:
        """Logits of each text."""
        return self.forward_network(tokens)

    def example_inputs(self, batch_size: int = 1) -> tuple[Tensor, ...] | None:
        """Tokens [B T] of texts as long as they may be."""
        return None if self.length is None else (torch.ones(batch_size, self.length, dtype=torch.long),)

    @classmethod
    def nominal_inputs(cls, network: Mapping[str, Any]) -> tuple[Tensor, ...] | None:
        """One text of 128 tokens, or of as many as the network has positions; None without any, as packed sequences."""
        length = min(argument(network, "max_positions", 0), _NOMINAL_TOKENS)
        return (torch.ones(1, length, dtype=torch.long),) if length else None

    def prepare_evaluation(self, datamodule: DataModule) -> dict[str, Any]:  # type: ignore[override]
        """Texts have no test-time augmentation."""
        return {}

    def finish_evaluation(self, datamodule: DataModule) -> None:
        """Nothing has been changed."""

    def export_program(self, *, format: str, with_preprocessing: bool) -> Program:
        """Tokens [B T] of any length to logits.

        Raises:
            ZooError: the tokenizer is requested within the file, or the network has another graph for each batch.
        """
        if with_preprocessing:
            raise ZooError("`with_preprocessing`: a tokenizer is not part of the file, whose metadata holds it instead")
        if any(isinstance(module, nn.RNNBase) for module in self.network.modules()):
            raise ZooError("packed sequences cannot be exported: export a BERT")
        network, length = self.network, self.length
        vocabulary = argument(self.config["network"], "vocab_size", 1)
        longest = argument(self.config["network"], "max_positions", length or _NOMINAL_TOKENS)

        def tokens(batch: int) -> Tensor:
            size = (batch, min(_CHECKED_LENGTHS.get(batch, longest), longest))
            return torch.randint(1, vocabulary, size, generator=torch.Generator().manual_seed(batch))

        return Program(module=network, inputs=tokens, metadata=self.export_metadata(), longest=longest)
