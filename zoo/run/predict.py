"""Predicts on files with the `predict.py` of the model's task."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from zoo.checkpoints.load import load
from zoo.config.calls import explained_call
from zoo.errors import ZooError
from zoo.prediction.sources import name_gray_batch
from zoo.run.device import move_to
from zoo.run.options import check_options, new_folder
from zoo.tasks.base import Task
from zoo.tasks.companions import companion
from zoo.tensor_files.explained import explained

_log = logging.getLogger(__name__)


@explained_call
def predict(
    model: Task | str | Path,
    source: Any,
    folder: str | Path | None = None,
    *,
    device: str | None = None,
    **options: Any,
) -> list[Any]:
    """Predicts on a file, a folder, a pattern such as `photos/*.jpg`, an address, or values in memory.

    `model` is a task, the path of a checkpoint, or the folder of a run, whose best checkpoint is loaded. Image models
    read encoded bytes, Pillow images, arrays and tensors (`zoo.data.images.in_memory`), and lists of them; forecasters
    read a data frame, or an array or tensor [time, columns]; text models read a text or a list of texts.

    With `device` (auto, cpu, cuda, cuda:1, … or mps), the model moves there first; it computes where it is otherwise.
    With `folder`, predictions.csv, predictions.json and images are written there. `options` are the keyword-only
    parameters of `predict` in the `predict.py` of the model's task.

    Returns:
        One result dataclass of the task for each file, series or video frame.

    Raises:
        ZooError: no such source or device, no readable file, or an option that the task does not take.
    """
    if not isinstance(model, Task):
        model = load(model)
    module = companion(type(model), "predict")
    if module is None:
        raise ZooError(f"a {model.kind} model has no prediction on files: call the model itself on tensors")
    written = None if folder is None else new_folder(folder)
    chosen = check_options(module.predict, options, kind=model.kind)
    warn_of_random_layers(model)
    name_gray_batch(source, model.card)
    source = model.resolve_source(source)
    if device is not None:
        move_to(model, str(device))
    with evaluating(model), explained("the model cannot predict on this source; was its checkpoint edited?"):
        results: list[Any] = module.predict(model, source, written, **chosen)
    return results


def warn_of_random_layers(model: Task) -> None:
    """Names in the log the layers that pretrained weights lack and no trainer has trained since."""
    if layers := model.random_layers:
        _log.warning("predictions are random unless you trained these layers yourself: %s", "; ".join(layers))


@contextmanager
def evaluating(model: Task) -> Iterator[None]:
    """Puts the model in eval mode, and every module back in its own mode afterwards."""
    modes = {module: module.training for module in model.modules()}
    model.eval()
    try:
        yield
    finally:
        for module, training in modes.items():
            module.training = training
