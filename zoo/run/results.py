"""Writes a run's outputs: `metrics.json` and the HTML report."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pytorch_lightning import Trainer

from zoo.data.base import DataModule
from zoo.hardware import device_name
from zoo.json_files import write_json
from zoo.metrics.concatenated import Concatenated
from zoo.run.checkpointing import monitored
from zoo.run.doctor.doctor import findings_of
from zoo.run.doctor.section import doctor_section
from zoo.run.flops import forward_flops
from zoo.run.throughput import Throughput
from zoo.tasks.base import Baselines, Task

_ROUNDING = 1e-5  # relative; equal values may differ by rounding


def test(trainer: Trainer, task: Task, datamodule: DataModule, checkpoint: Path | None) -> dict[str, float]:
    """Computes the test metrics, with the weights of a checkpoint loaded into `task` if one is given."""
    (values,) = trainer.test(task, datamodule=datamodule, ckpt_path=checkpoint, weights_only=True, verbose=False)
    for module in task.modules():
        if isinstance(module, Concatenated) and module.update_called:
            module.compute()  # all processes must take part; cached for the report
    return {name.removeprefix("test/"): value for name, value in values.items()}


def write_results(
    config: dict[str, Any],
    trainer: Trainer,
    task: Task,
    datamodule: DataModule,
    run_dir: Path,
    test_metrics: dict[str, float],
    split: Mapping[str, Any] | None = None,
) -> None:
    """Writes `metrics.json` and `report/index.html` below `run_dir` and prints a summary.

    `split` is what a report says of the test split if the training was another run: whether it is of `other_data`, and
    as `split_change` why samples of it may have been trained on.
    """
    compared = task.baselines(datamodule) if config["baselines"] else {}
    metric = _first_metric(task)
    better = better_baselines(test_metrics, compared, metric, task.monitor_mode)
    results = _results(trainer, task, test_metrics, compared) | {"better_baselines": better}
    if (best := monitored(trainer, task)) is not None:
        results["monitored"] = best._asdict()
    results |= task.evaluation_settings()
    if findings := findings_of(trainer):
        results["findings"] = findings
    results |= split or {}
    write_json(run_dir / "metrics.json", results)
    report = write_report(config, task, datamodule, run_dir, results)
    for line in [*summary(test_metrics, compared, metric, better), *task.advice(better)]:
        print(line)
    print(f"report: {report}")


def write_report(
    config: dict[str, Any], task: Task, datamodule: DataModule, run_dir: Path, results: dict[str, Any]
) -> Path:
    """Writes the report of the task and returns the path of its page."""
    from zoo.reports.curves import learning_curves
    from zoo.reports.page import write_page

    folder = run_dir / "report"
    folder.mkdir(exist_ok=True)
    sections = task.report_sections(datamodule, folder, results)
    sections += doctor_section(results.get("findings", []))
    if (run_dir / "metrics.csv").is_file():
        sections += learning_curves(run_dir, folder)
    page: Path = write_page(folder, f"{results['model']} on {results['data']}", sections, config)
    return page


def better_baselines(
    test_metrics: dict[str, float], baselines: Baselines, metric: str, mode: Literal["min", "max"]
) -> list[str]:
    """Names of the baselines that beat the model on `metric`."""
    ours = test_metrics.get(metric, math.nan)  # no margin over an unknown value is positive
    sign = 1 if mode == "max" else -1
    margins = {name: sign * (values.get(metric, math.nan) - ours) for name, values in baselines.items()}
    return [name for name, margin in margins.items() if margin > _ROUNDING * abs(ours)]


def summary(test_metrics: dict[str, float], baselines: Baselines, metric: str, better: list[str]) -> list[str]:
    """Console lines: the test metrics, the baselines on `metric`, and the baselines that beat the model."""
    lines = ["test: " + "  ".join(f"{name} {value:.4f}" for name, value in sorted(test_metrics.items()))]
    beside = [f"{name} {values[metric]:.4f}" for name, values in baselines.items() if metric in values]
    lines += [f"baselines, {metric}: " + "  ".join(beside)] if beside else []
    return lines + ([f"better than this model: {', '.join(better)}"] if better else [])


def _first_metric(task: Task) -> str:
    return task.monitor.partition("/")[2]


def _results(trainer: Trainer, task: Task, test_metrics: dict[str, float], baselines: Baselines) -> dict[str, Any]:
    return {
        "model": task.card["model_name"],
        "data": task.card["data_name"],
        "parameters": sum(parameter.numel() for parameter in task.network.parameters()),
        "flops": forward_flops(task),
        "device": device_name(trainer.strategy.root_device),  # Lightning has moved the task to the CPU
        "precision": str(trainer.precision),
        "epochs": trainer.current_epoch,
        **_throughput(trainer),
        "test": test_metrics,
        "baselines": baselines,
    }


def _throughput(trainer: Trainer) -> dict[str, float | None]:
    """Training time, throughput and memory; zero seconds and nulls if nothing was trained."""
    found = [c for c in trainer.callbacks if isinstance(c, Throughput) and c.seconds]  # type: ignore[attr-defined]
    if not found:
        return {"seconds": 0.0, "samples_per_second": None, "waiting_for_data": None, "memory_mb": None, "mfu": None}
    (measured,) = found
    speed = measured.samples / measured.seconds
    memory, mfu = measured.peak_memory, measured.utilization(speed)
    return {
        "seconds": round(measured.seconds, 3),
        "samples_per_second": round(speed, 1),
        "waiting_for_data": round(measured.waiting / measured.seconds, 4),
        "memory_mb": None if memory is None else round(memory / 2**20, 1),
        "mfu": None if mfu is None else round(mfu, 4),
    }
