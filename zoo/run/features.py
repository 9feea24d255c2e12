"""Vectors of images, texts and other inputs of a model."""

from pathlib import Path
from typing import Any

from torch import Tensor

from zoo.checkpoints.load import load
from zoo.config.calls import explained_call
from zoo.run.options import check_options
from zoo.run.predict import evaluating
from zoo.tasks.base import Task


@explained_call
def features(model: Task | str | Path, source: Any, *, batch_size: int = 64, **options: Any) -> Tensor:
    """Computes one vector for each file or value of a source, for search, clustering or another classifier.

    `model` and `source` are those of `zoo.predict`. A classifier gives what its last layer reads, an embedding model
    its embedding, and a BERT the mean of its tokens, or what sentence-transformers computes from the same weights;
    `pooling` of mean or cls, the vector of `[CLS]`, chooses for it.

    Returns:
        Vectors [N D] on the CPU, in the order of the source.

    Raises:
        ZooError: no such source, a file that cannot be read, a task that gives no vectors, or an option that it lacks.
    """
    if not isinstance(model, Task):
        model = load(model)
    chosen = check_options(model.features, {"batch_size": batch_size, **options}, kind=model.kind)
    with evaluating(model):
        return model.features(source, **chosen)
