"""Fills masked words in texts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.checkpoints.load import load
from zoo.config.calls import explained_call
from zoo.errors import ZooError
from zoo.prediction.texts import list_of_texts
from zoo.run.predict import evaluating, warn_of_random_layers
from zoo.tasks.base import Task


@explained_call
def fill_mask(model: Task | str | Path, texts: str | Sequence[str], *, top: int = 5) -> Any:
    """Guesses the tokens in place of each `[MASK]`: `zoo.fill_mask(model, "The [MASK] sat on the mat")`.

    `model` is a task, the path of a checkpoint, or the folder of a run.

    Returns:
        A `FilledText` for one text, or a list of them for several. One without `[MASK]` has an `error`.

    Raises:
        ZooError: a model without a vocabulary, a number of guesses below 1, or values that are no texts.
    """
    if top < 1:
        raise ZooError(f"`top` (={top}) must be at least 1")
    given = list_of_texts(texts)
    if not isinstance(model, Task):
        model = load(model)
    warn_of_random_layers(model)
    with evaluating(model):
        results = model.fill_mask(given, top=top)
    return results[0] if isinstance(texts, str) else results
