"""Rolling-origin evaluation: test a forecaster block by block, retrained before each block or trained once."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from zoo.config.instantiate import locate
from zoo.data.series.table_data import TableData
from zoo.data.series.timestamps import plain_stamp
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.run.build import build_data
from zoo.run.console import quiet_lightning
from zoo.run.results import test
from zoo.run.run import Run, new_run
from zoo.run.train import fit
from zoo.tasks.forecasting import Forecasting
from zoo.tasks.forecasting.backtest_metrics import Backtest, Errors, WindowTimes, compare, root_mean_square
from zoo.tasks.forecasting.baselines import Forecaster, batches, fit_baselines


def backtest(config: dict[str, Any], run_dir: Path, *, model: str, data: str) -> Backtest:
    """Runs the folds of a configuration and writes `backtest.json` to `run_dir`.

    The test split is cut into `folds` blocks. With `refit`, the model and the baselines are trained before each block
    on everything earlier; without it, once before the first block.

    Raises:
        ZooError: data without a time axis, blocks shorter than a window, or a model that is not a forecaster.
    """
    quiet_lightning()
    if config.get("resume"):
        raise ZooError("`resume` has no place here: a backtest trains each fold anew")
    if (kind := getattr(locate(config["model"]["_target_"]), "kind", "other")) != Forecasting.kind:
        raise ZooError(f"model={model} does {kind}, and a backtest needs a forecaster, such as model=gru_small")
    datamodule = build_data(config["data"])
    if not isinstance(datamodule, TableData):
        raise ZooError(f"data={data} has no order of time to test along: use series, sunspots, co2, elnino or nile")
    if config["folds"] < 1:
        raise ZooError(f"`folds` (={config['folds']}) must be at least 1")
    folds = [datamodule.fold(number, config["folds"]) for number in range(config["folds"])]
    for fold in folds:  # check all before training on the first
        fold.setup()
    scale = np.array(folds[0].metadata()["scale"][: folds[0].metadata()["out_channels"]])
    errors: dict[str, list[Errors]] = {}
    run: Run | None = None
    baselines: dict[str, Forecaster] = {}
    for number, fold in enumerate(folds):
        folder = run_dir / f"fold_{number}"
        if run is None or config["refit"]:
            run, baselines = _trained(config, fold, folder, model, data), fit_baselines(fold)
            if number == 0:
                print(run.hardware.reasons[0])
        for name, values in _errors(run, baselines, fold).items():
            errors.setdefault(name, []).append(values / scale)
        shown = "  ".join(f"{name} {root_mean_square(values[-1]):.4f}" for name, values in errors.items())
        print(f"fold {number + 1}/{len(folds)}, from {_origin(fold)}: {shown}", flush=True)
    found = compare(errors, [_times(fold) for fold in folds], [_origin(fold) for fold in folds])
    results = found._asdict() | {"model": model, "data": data, "refit": config["refit"]}
    results["diebold_mariano"] = {name: test._asdict() for name, test in found.diebold_mariano.items()}
    write_json(run_dir / "backtest.json", results)
    return found


def _trained(config: dict[str, Any], fold: TableData, folder: Path, model: str, data: str) -> Run:
    run = new_run(config, folder, model=model, data=data, datamodule=fold)
    if not isinstance(run.task, Forecasting):
        raise ZooError(f"model={model} is no forecaster: a backtest needs one, such as gru or naive_last")
    run.tune()
    fit(run.training_trainer(), run.task, fold, None)
    return run


def _errors(run: Run, baselines: dict[str, Forecaster], fold: TableData) -> dict[str, Errors]:
    """Errors of the model and of each baseline on the block of the fold, in the units of the data."""
    assert isinstance(run.task, Forecasting)
    test(run.task.trainer, run.task, fold, run.run_dir / "checkpoints" / "best.ckpt")
    outputs = run.task.test_outputs()
    errors = {"model": (outputs.value - outputs.target).numpy()}
    for name, forecaster in baselines.items():
        blocks = [(forecaster(b.history) - b.future).double() for b in batches(fold.dataset("test"))]
        errors[name] = torch.cat(blocks).numpy()
    return errors


def _times(fold: TableData) -> WindowTimes:
    windows, stamps = fold.dataset("test"), fold.table.stamps
    starts = windows.starts(torch.arange(len(windows)))
    ends = (starts + fold.context - 1, starts + windows.length - 1)
    return WindowTimes(*(np.array([stamps[step] for step in steps.tolist()]) for steps in ends))


def _origin(fold: TableData) -> Any:
    """The time of the last step before the block of the fold."""
    first, _ = fold.parts.spans["test"][0]
    return plain_stamp(fold.table.stamps[first + fold.context - 1], fold.table.step.zone)
