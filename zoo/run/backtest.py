"""Rolling-origin evaluation: a forecaster tested block after block, trained anew before each or once before all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.data.series.table_data import TableData
from zoo.data.series.timestamps import plain_stamp
from zoo.errors import ZooError
from zoo.run.build import build_data
from zoo.run.console import quiet_lightning
from zoo.run.results import test
from zoo.run.run import Run, new_run
from zoo.run.train import fit
from zoo.tasks.forecasting import Forecasting
from zoo.tasks.forecasting.backtest_metrics import Backtest, Errors, WindowTimes, compare, root_mean_square
from zoo.tasks.forecasting.baselines import Rule, batches, rules


def backtest(config: dict[str, Any], run_dir: Path, *, model: str, data: str) -> Backtest:
    """Runs the folds that `config` describes, and writes backtest.json below `run_dir`.

    The test part of the data is cut into `folds` blocks. With `refit` the model and the fitted rules are trained
    again before each block on all that came before; without it once, before the first.

    Raises:
        ZooError: data without an order of time, blocks too short for a window, or a model of another kind.
    """
    quiet_lightning()
    whole = build_data(config["data"])
    if not isinstance(whole, TableData):
        raise ZooError(f"data={data} has no order of time to test along: use series, sunspots, co2, elnino or nile")
    if config["folds"] < 1:
        raise ZooError(f"`folds` (={config['folds']}) must be at least 1")
    parts = [whole.fold(number, config["folds"]) for number in range(config["folds"])]
    for part in parts:  # all are checked before the first is trained on
        part.setup()
    scale = np.array(parts[0].metadata()["scale"][: parts[0].metadata()["out_channels"]])
    errors: dict[str, list[Errors]] = {}
    run: Run | None = None
    simple: dict[str, Rule] = {}
    for number, part in enumerate(parts):
        folder = run_dir / f"fold_{number}"
        if run is None or config["refit"]:
            run, simple = _trained(config, part, folder, model, data), rules(part)
        for name, values in _errors(run, simple, part).items():
            errors.setdefault(name, []).append(values / scale)
        shown = "  ".join(f"{name} {root_mean_square(folds[-1]):.4f}" for name, folds in errors.items())
        print(f"fold {number + 1}/{len(parts)}, from {_origin(part)}: {shown}", flush=True)
    found = compare(errors, [_times(part) for part in parts], [_origin(part) for part in parts])
    results = found._asdict() | {"model": model, "data": data, "refit": config["refit"]}
    results["diebold_mariano"] = {name: test._asdict() for name, test in found.diebold_mariano.items()}
    (run_dir / "backtest.json").write_text(json.dumps(results, indent=2) + "\n")
    return found


def _trained(config: dict[str, Any], part: TableData, folder: Path, model: str, data: str) -> Run:
    run = new_run(config, folder, model=model, data=data, datamodule=part)
    if not isinstance(run.task, Forecasting):
        raise ZooError(f"model={model} is no forecaster: a backtest needs one, such as gru, linear_forecaster or last")
    run.tune()
    fit(run.training_trainer(), run.task, part, None)
    best = folder / "checkpoints" / "best.ckpt"
    run.task.load_state_dict(torch.load(best, map_location="cpu", weights_only=True)["state_dict"])
    return run


def _errors(run: Run, simple: dict[str, Rule], part: TableData) -> dict[str, Errors]:
    """Errors of the model and of each rule on the block of the fold, in the data's own units."""
    assert isinstance(run.task, Forecasting)
    test(run.testing_trainer(), run.task, part, None)
    outputs = run.task.test_outputs()
    errors = {"model": (outputs.value - outputs.target).numpy()}
    for name, rule in simple.items():
        blocks = [(rule(b.history) - b.future).double() for b in batches(part.dataset("test"))]
        errors[name] = torch.cat(blocks).numpy()
    return errors


def _times(part: TableData) -> WindowTimes:
    windows, stamps = part.dataset("test"), part.table.stamps
    starts = windows.starts(torch.arange(len(windows)))
    ends = (starts + part.context - 1, starts + windows.length - 1)
    return WindowTimes(*(np.array([stamps[step] for step in steps.tolist()]) for steps in ends))


def _origin(part: TableData) -> Any:
    """The last step before the fold's block."""
    first, _ = part.parts.spans["test"][0]
    return plain_stamp(part.table.stamps[first + part.context - 1], part.table.step.zone)
