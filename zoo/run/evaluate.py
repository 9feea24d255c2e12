"""Measures a checkpoint on the test split of its own data or of other data."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.checkpoints.load import load
from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.hardware import choose
from zoo.pretrained.transfer import normalize_as
from zoo.run.build import answering, build_data, build_trainer, prepare_network, require_data_for
from zoo.run.console import quiet_lightning, say
from zoo.run.results import measure, write_results
from zoo.run.sharding import require_divisible, whole
from zoo.run.train import introduction
from zoo.tasks.base import Task
from zoo.tasks.classification import Classification
from zoo.tasks.classification.tta import add_margin, asked_views, remove_margin


def evaluate(config: dict[str, Any], run_dir: Path, *, data: str | None) -> dict[str, float]:
    """Tests `config["checkpoint"]`, writes `metrics.json` and a report, and gives the test metrics.

    `data` names the data that was chosen; without it the checkpoint's own data is used, and the values given for
    it on the command line replace its own.

    Raises:
        ZooError: a broken checkpoint, or data that the model was not made for.
    """
    quiet_lightning()
    task = load(config["checkpoint"], trust=config["trust"])
    asked = config["data"] if data else task.card["data"] | config["data"]
    if asked.get("seed") is None:  # another seed would split the same data otherwise, and test on what was trained on
        asked = asked | {"seed": task.card["data"].get("seed", 0)}
    names = asked_views(config["tta"], task)
    datamodule = build_data(asked)
    size = add_margin(datamodule) if "five_crops" in names else None
    name = data or task.card["data_name"]
    require_data_for(task.config["_target_"], datamodule, model=task.card["model"], data=name)
    _refuse_other_data(task, datamodule, datamodule.metadata() | ({"image_size": size} if size else {}))
    normalize_as(datamodule, task.card.get("preprocessing"))
    if isinstance(task, Classification) and names:
        task.views, task.view_size = names, size or datamodule.metadata()["image_size"]
    task.card["data_name"] = name
    hardware = choose(config["trainer"], channels_last=config["channels_last"], network=task.network)
    for line in introduction(task, task.card["model"], task.card["data_name"], hardware.reasons):
        say(line)
    prepare_network(task, channels_last=hardware.channels_last, compiled=config["compile"])
    trainer = build_trainer(config["trainer"], hardware, run_dir, callbacks=[], loggers=[], deterministic=False)
    require_divisible(trainer, task)
    with answering(compiled=config["compile"]):
        test = measure(trainer, task, datamodule)
    whole(task)
    if size:
        remove_margin(datamodule, size)
    if trainer.is_global_zero:
        write_results(config, trainer, task, datamodule, run_dir, test)
    return test


def _refuse_other_data(task: Task, datamodule: DataModule, facts: Mapping[str, Any]) -> None:
    for name, value in _settings(task.config):
        if name in facts and facts[name] != value and name not in task.measured_facts:
            raise ZooError(f"the model was made for `{name}` {value}, and this data has {facts[name]}")
    ours, theirs = task.card.get("class_names"), datamodule.card().get("class_names")
    if ours != theirs:
        raise ZooError(f"the model knows the classes {ours}, and this data has {theirs}")


def _settings(config: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield str(key), value
            yield from _settings(value)
