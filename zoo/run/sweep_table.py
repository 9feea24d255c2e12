"""The table at the end of a sweep: the runs of each setting, best first, as CSV and as a page."""

import csv
import statistics
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from zoo.data.yaml_files import read_yaml
from zoo.errors import ZooError
from zoo.json_files import read_object

_LEFT_OUT = ("runs", "baselines", "hydra")  # settings without an influence on the metrics


class SweepTable(Callback):
    """Writes `sweep.csv` and `index.html` into the folder of a sweep once all its runs have ended.

    Runs that differ in their seed alone share a line: mean ± standard deviation. Lines are sorted by the value that
    the task monitors in validation, which a sweeper optimizes as well; the test metric stands beside it. Baselines that
    all runs share come last.
    """

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Collects the runs of the sweep."""
        from zoo.reports.page import Section, write_page  # imports matplotlib: every command builds this callback

        folder = Path(config.hydra.sweep.dir)
        runs = read_runs(folder)
        if not runs:
            return
        write_csv(folder / "sweep.csv", runs)
        table = summarize(runs)
        widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
        for row in table:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        text = (
            "One line for each setting, best first by the monitored value of the validation split. Several seeds: mean "
            "± standard deviation. Baselines come last. sweep.csv has every run."
        )
        print(f"sweep: {write_page(folder, 'Sweep', [Section('Settings', text, table=table)])}")


def read_runs(folder: Path) -> list[dict[str, Any]]:
    """The finished runs below a folder: settings by key, the content of metrics.json, and the run directory.

    Runs that were killed while they wrote these files are left out.
    """
    runs = []
    for written in sorted(folder.rglob("metrics.json")):
        overrides = written.parent / ".hydra" / "overrides.yaml"
        if not overrides.is_file():
            continue
        try:
            words, results = read_yaml(overrides), read_object(written)
        except ZooError:
            continue
        settings = dict(str(word).lstrip("+~").split("=", 1) for word in words if "=" in str(word))
        settings = {key: value for key, value in settings.items() if key.partition(".")[0] not in _LEFT_OUT}
        if results.get("monitored"):
            runs.append({"settings": settings, "results": results, "folder": str(written.parent)})
    return runs


def write_csv(path: Path, runs: Sequence[Mapping[str, Any]]) -> None:
    """Writes one row for each run: its settings, the monitored value, the test metrics and the folder."""
    settings = list(dict.fromkeys(key for run in runs for key in run["settings"]))
    metrics = list(dict.fromkeys(name for run in runs for name in run["results"]["test"]))
    monitored = runs[0]["results"]["monitored"]["name"]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*settings, monitored, "best_epoch", *(f"test/{name}" for name in metrics), "folder"])
        for run in runs:
            results = run["results"]
            row = [run["settings"].get(key, "") for key in settings]
            row += [results["monitored"]["value"], results["monitored"]["epoch"]]
            writer.writerow([*row, *(results["test"].get(name, "") for name in metrics), run["folder"]])


def summarize(runs: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """The lines of the page, with a header: settings, number of runs, monitored value, test metric of that name.

    Settings that all runs share are left out.
    """
    keys = {key for run in runs for key in run["settings"]} - {"seed"}
    varied = {key for key in keys if len({run["settings"].get(key) for run in runs}) > 1}
    groups: dict[tuple[tuple[str, str], ...], list[Mapping[str, Any]]] = defaultdict(list)
    for run in runs:
        groups[tuple(item for item in run["settings"].items() if item[0] in varied)].append(run["results"])
    monitored = runs[0]["results"]["monitored"]
    metric = monitored["name"].partition("/")[2]
    lines = []
    for settings, results in groups.items():
        values = [each["monitored"]["value"] for each in results]
        tests = [each["test"][metric] for each in results if metric in each["test"]]
        words = " ".join(f"{key}={value}" for key, value in settings) or "all runs"
        lines.append((statistics.mean(values), [words, str(len(results)), _spread(values), _spread(tests)]))
    lines.sort(key=lambda line: line[0], reverse=monitored["mode"] == "max")
    rows = [row for _, row in lines] + _baselines(runs, metric)
    return [["setting", "runs", monitored["name"], f"test/{metric}"], *rows]


def _baselines(runs: Sequence[Mapping[str, Any]], metric: str) -> list[list[str]]:
    """Lines of the baselines; none of one that differs between runs of the same seed, as on different data."""
    found: dict[str, dict[str, set[float]]] = defaultdict(lambda: defaultdict(set))
    for run in runs:
        for name, scores in run["results"].get("baselines", {}).items():
            if metric in scores:
                found[name][run["settings"].get("seed", "")].add(round(scores[metric], 6))
    shared = {name: by_seed for name, by_seed in found.items() if all(len(each) == 1 for each in by_seed.values())}
    return [
        [f"baseline: {name}", "–", "–", _spread([value for each in by_seed.values() for value in each])]
        for name, by_seed in shared.items()
    ]


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "–"
    return f"{statistics.mean(values):.4f}" + (f" ± {statistics.stdev(values):.4f}" if len(values) > 1 else "")
