"""From a file or a folder to typed results, by the kind of the model."""

import inspect
from importlib import import_module
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.tasks.base import Task


def predict(model: Task, source: str | Path, folder: str | Path | None = None, **options: Any) -> list[Any]:
    """What `model` says of a file, or of every file of a folder: a list of the kind's result dataclass.

    With `folder`, predictions.csv, predictions.json and pictures are written there. `options` are those of
    `zoo.tasks.KIND.predict.predict`.

    Raises:
        ZooError: no such source, nothing in it that the model can read, or an option that the kind does not know.
    """
    source = Path(source)
    if not source.exists():
        raise ZooError(f"source={source} does not exist")
    of_kind = import_module(f"zoo.tasks.{model.kind}.predict").predict
    known = [name for name in inspect.signature(of_kind).parameters if name not in ("task", "source", "folder")]
    for option in options:
        if option not in known:
            raise ZooError(f"`{option}` means nothing to a {model.kind} model; it takes: {', '.join(known)}")
    results: list[Any] = of_kind(model, source, Path(folder) if folder is not None else None, **options)
    return results
