"""Tests a checkpoint on the test split of its own data or of other data."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from zoo.checkpoints.data_gate import data_config
from zoo.data.base import DataModule
from zoo.errors import ZooError
from zoo.hardware import resolve_device
from zoo.run.build import build_data, frozen_inference, require_matching_data
from zoo.run.console import quiet_lightning, rank_zero_print
from zoo.run.device import explain_full_memory
from zoo.run.model_source import requested_model, task_options
from zoo.run.options import check_options
from zoo.run.results import test, write_results
from zoo.run.run import evaluation_run
from zoo.run.sharding import unshard
from zoo.run.split_change import is_other_data, split_change
from zoo.tasks.base import Task
from zoo.tensor_files.explained import explained

_SHOWN = 20  # class names in a message


def evaluate(config: dict[str, Any], run_dir: Path, *, data: str | None) -> dict[str, float]:
    """Tests `config["checkpoint"]`, or a model with published weights, and returns the test metrics.

    Writes `metrics.json` and a report.

    `data` is the name of the chosen data option. Without it, the data of the checkpoint is used, updated with the
    values in `config["data"]`.

    Raises:
        ZooError: a broken checkpoint, or data that does not match the model.
    """
    quiet_lightning()
    task = requested_model(config)
    options = check_options(task.prepare_evaluation, task_options(config), kind=task.kind)
    if data is None and "data_config" not in task.card:
        raise ZooError("`data` is not given, and published weights come without data: add data=…, such as image_folder")
    if data is None and not {"model_name", "data_name"} <= task.card.keys():
        raise ZooError(f"{config['checkpoint']} names no data to test on; the file was edited")
    if config["device"] is not None:
        config["trainer"] |= _on_device(str(config["device"]), double_precision=task.double_precision)
    name = data or task.card["data_name"]
    described = config["data"]
    if data is None:
        described = data_config(task.card["data_config"], config["data"], config["trust"], config["checkpoint"])
    with explained(f"{config['checkpoint']} describes data that cannot be built"):
        described = _with_seed(described, task)
        datamodule = build_data(described)
        require_matching_data(task.config["_target_"], datamodule, model=task.card["model_name"], data=name)
        changed = task.prepare_evaluation(datamodule, **options)
        if datamodule.fits_preprocessing and (preprocessing := task.card.get("preprocessing")):
            datamodule.normalize_as(preprocessing)  # before the data is loaded
        metadata = datamodule.metadata() | changed
        if (matched := datamodule.match_classes(task.card.get("class_names") or [])) is not None:
            rank_zero_print(matched)
        _check_metadata(task, datamodule, metadata)
        if not options and (note := preprocessing_note(task.card, datamodule.card())) is not None:
            rank_zero_print(note)
        split: dict[str, Any] = {"other_data": is_other_data(task.card, described)}
        if (overlap := split_change(task.card, described, datamodule)) is not None:
            rank_zero_print(f"warning: {overlap}")
            split["split_change"] = overlap
    task.card["data_name"] = name
    with explained(f"{config['checkpoint']} cannot be tested on this data; was it edited?"):
        run = evaluation_run(config, run_dir, task, datamodule)
        trainer = run.testing_trainer()  # before the introduction: it refuses wrong options
        run.introduce()
        for setting, value in task.evaluation_settings().items():
            rank_zero_print(f"{setting}: {', '.join(value) if isinstance(value, list) else value}")
        with (
            frozen_inference(compiled=config["compile"]),
            explain_full_memory("+data.batch_size", datamodule.batch_size),
        ):
            metrics = test(trainer, task, datamodule, None)
        unshard(task)
        task.finish_evaluation(datamodule)
        if trainer.is_global_zero:
            write_results(config, trainer, task, datamodule, run_dir, metrics, split)
    return metrics


def _on_device(requested: str, *, double_precision: bool) -> dict[str, Any]:
    """The trainer's arguments for one device."""
    if requested == "auto":
        return {"accelerator": "auto", "devices": 1}
    chosen = resolve_device(requested, double_precision=double_precision)
    return {"accelerator": chosen.accelerator, "devices": 1 if chosen.device.index is None else [chosen.device.index]}


def preprocessing_note(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> str | None:
    """A line on images that the data prepares in another way than the model was trained with; None if it does not.

    `ours` and `theirs` are the cards of the model and of the data.
    """
    known, given = ours.get("preprocessing") or {}, theirs.get("preprocessing") or {}
    other = [name for name in ("size", "crop_ratio", "resize") if known.get(name) != given.get(name) and name in known]
    if not given or not other:
        return None
    found = ", ".join(f"{name} {given.get(name)} (the model's own: {known[name]})" for name in other)
    return f"preprocessing: the data has {found}; figures may differ from those of the model's own preprocessing"


def _with_seed(data: dict[str, Any], task: Task) -> dict[str, Any]:
    """`data` with the checkpoint's seed by default, so that no training sample is in the test split."""
    if data.get("seed") is not None:
        return data
    return data | {"seed": task.card.get("data_config", {}).get("seed", 0)}


def _check_metadata(task: Task, datamodule: DataModule, metadata: Mapping[str, Any]) -> None:
    for name, value in _settings(task.config):
        if name in metadata and metadata[name] != value and name not in task.measured_metadata:
            advice = f": set `data.{name}` to {json.dumps(value)}" if name in datamodule.config else ""
            raise ZooError(f"the model was made for `{name}` {value}, and this data has {metadata[name]}{advice}")
    ours, theirs = task.card.get("class_names"), datamodule.card().get("class_names")
    if ours != theirs:
        raise ZooError(f"the model knows the classes {_few(ours)}, and this data has {_few(theirs)}")


def _few(names: Any) -> str:
    """All names, or the first of many."""
    if not isinstance(names, list):
        return str(names)
    shown = str([f"{name:.60}" if isinstance(name, str) else name for name in names[:_SHOWN]])
    return shown if len(names) <= _SHOWN else f"{shown[:-1]}, …] ({len(names):,} in all)"


def _settings(config: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield str(key), value
            yield from _settings(value)
