"""Classification of texts in files and in memory."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.csv_files import write_csv
from zoo.json_files import write_json
from zoo.prediction.texts import Text, in_batches
from zoo.tasks.classification.text.task import TextClassification

BEST = 5


@dataclass(frozen=True)
class TextPrediction:
    """The prediction for one text."""

    place: str
    """The file and the line or row of the text, or its number."""
    text: str
    label: str
    probability: float
    top5: tuple[tuple[str, float], ...]
    """The five most probable labels with their probabilities, best first; fewer if there are fewer classes."""
    truncated: bool
    """Whether the text has more tokens than the model reads."""

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain values, for JSON."""
        top5 = [{"label": label, "probability": value} for label, value in self.top5]
        return {**vars(self), "top5": top5}


def predict(
    task: TextClassification,
    source: Any,
    folder: Path | None = None,
    *,
    batch_size: int = 64,
    column: str | None = None,
) -> list[TextPrediction]:
    """Classifies each line of a text file, or each row of a table by the text in `column`.

    With `folder`, writes predictions.csv and predictions.json there. Texts of more tokens than the model reads are
    truncated and counted.

    Raises:
        ZooError: an unreadable file, a missing column, or no text.
    """
    tokenizer, results = task.tokenizer(), []
    names = [str(name) for name in task.card.get("class_names", range(task.num_classes))]
    for batch in in_batches(task.read_texts(source, column), batch_size):
        tokens, truncated = task.tokenize([text.text for text in batch], tokenizer)
        with torch.inference_mode():
            probabilities = task.predict_step(tokens).cpu()
        results += [_result(*each, names) for each in zip(batch, probabilities, truncated, strict=True)]
    if long := sum(result.truncated for result in results):
        print(f"{long} of {len(results)} texts have more than {task.length} tokens and are truncated")
    if folder is not None:
        write(results, folder)
    return results


def write(results: list[TextPrediction], folder: Path) -> None:
    """Writes predictions.csv and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        best = "; ".join(f"{label} {value:.6f}" for label, value in result.top5)
        rows.append([result.place, result.text, result.label, f"{result.probability:.6f}", best, result.truncated])
    write_csv(folder / "predictions.csv", ["place", "text", "label", "probability", "top5", "truncated"], rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])


def _result(text: Text, probabilities: Float[Tensor, " k"], truncated: bool, names: list[str]) -> TextPrediction:
    values, indices = probabilities.topk(min(BEST, len(names)))
    top5 = tuple((names[index], value) for index, value in zip(indices.tolist(), values.tolist(), strict=True))
    return TextPrediction(text.place, text.text, top5[0][0], top5[0][1], top5, truncated)
