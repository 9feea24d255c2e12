"""Trains a model by name from Python, as `train.py` does from the command line."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from zoo.checkpoints.load import load
from zoo.config.calls import explained_call
from zoo.config.keywords import compose_keywords
from zoo.config.own_images import pretrained_start
from zoo.errors import ZooError
from zoo.run import train as runs
from zoo.run.console import rank_zero_print
from zoo.run.options import new_folder
from zoo.tasks.base import Task


@dataclass(frozen=True)
class Trained:
    """The outcome of a run."""

    folder: Path
    """The run directory: checkpoints, metrics.csv, metrics.json, report."""
    metrics: dict[str, Any]
    """The content of metrics.json: `metrics["test"]["accuracy"]`, `metrics["baselines"]`, …."""
    value: float | None
    """The best value of what the task monitors in validation, such as its accuracy."""

    @property
    def checkpoint(self) -> Path:
        """The checkpoint of the best epoch."""
        return self.folder / "checkpoints" / "best.ckpt"

    @property
    def report(self) -> Path:
        """The page of the report."""
        return self.folder / "report" / "index.html"

    @cached_property
    def model(self) -> Task:
        """The model of the best epoch, in eval mode on the CPU."""
        return load(self.checkpoint)


@explained_call
def train(
    model: str | None = None,
    *,
    data: str | None = None,
    epochs: int | None = None,
    pretrained: str | Path | None = None,
    folder: str | Path | None = None,
    overrides: Sequence[str] = (),
    **options: Any,
) -> Trained:
    """Trains a model of the catalog, tests it and writes a report, as `train.py model=… data=…` does.

    `model` is LeNet-5 by default, and for one's own photographs a pretrained network where its weights are at hand.
    `data` is an option of the data, by default that of the model. `options` are the keys of the command (`seed=1`,
    `optimizer="sgd"`, `finetune="head"`), those of the data (`root="flowers"`), or usual words for them (`lr=0.1`,
    `batch_size=64`). `overrides` are words of the command line, such as `"model.network.width=32"`. The run is written
    to `folder`, by default `runs/MODEL-DATA/DATE_TIME`.

    Raises:
        ZooError: a user's mistake in the configuration, the data, or a file.

    Example: `zoo.train("resnet18", data="image_folder", root="flowers", epochs=3).metrics["test"]["accuracy"]`.
    """
    if isinstance(overrides, str) or not all(isinstance(word, str) for word in overrides):
        raise ZooError(f'`overrides` (={overrides}) must be a list of words, such as ["optimizer.lr=0.1"]')
    weights = None if pretrained is None else str(pretrained)
    named = {"model": model, "data": data, "trainer.max_epochs": epochs, "pretrained": weights} | options
    given = [*(f"{name}={value}" for name, value in named.items() if value is not None), *overrides]
    started, line = pretrained_start(given)
    if line is not None:
        rank_zero_print(line)
    values, choices, words, renamed = compose_keywords(named, [*overrides, *started[len(given) :]])
    for line in renamed:
        rank_zero_print(line)
    run_dir = new_folder(folder) if folder is not None else _dated_folder(values["runs"], choices)
    value = runs.train(values, run_dir, model=choices["model"], data=choices["data"], words=words)
    written = run_dir / "metrics.json"
    return Trained(run_dir, json.loads(written.read_text(encoding="utf-8")) if written.is_file() else {}, value)


def _dated_folder(parent: str, choices: dict[str, str]) -> Path:
    return Path(parent, f"{choices['model']}-{choices['data']}", datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f"))
