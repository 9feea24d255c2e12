"""Predicts on files with the `predict.py` of the model's task."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.run.options import check_options
from zoo.tasks.base import Task
from zoo.tasks.companions import companion


def predict(model: Task, source: str | Path, folder: str | Path | None = None, **options: Any) -> list[Any]:
    """Predicts on a file, or on every file of a folder.

    With `folder`, predictions.csv, predictions.json and images are written there. `options` are the keyword-only
    parameters of `predict` in the `predict.py` of the model's task.

    Returns:
        One result dataclass of the task for each file, series or video frame.

    Raises:
        ZooError: no such source, no readable file in it, or an option that the task does not take.
    """
    source = Path(source)
    if not source.exists():
        raise ZooError(f"source={source} does not exist")
    module = companion(type(model), "predict")
    if module is None:
        raise ZooError(f"a {model.kind} model has no prediction on files: call the model itself on tensors")
    chosen = check_options(module.predict, options, kind=model.kind)
    with _evaluating(model):
        results: list[Any] = module.predict(model, source, Path(folder) if folder is not None else None, **chosen)
    return results


@contextmanager
def _evaluating(model: Task) -> Iterator[None]:
    """Puts the model in eval mode, and every module back in its own mode afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
