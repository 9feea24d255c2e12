"""Comparison of several models on the same data, simplest first: a table and a bar chart over a multirun."""

import json
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from statistics import mean, stdev
from typing import Any, NamedTuple

from hydra.experimental.callback import Callback
from omegaconf import DictConfig

from zoo.json_files import write_json


class Rung(NamedTuple):
    """One model of the ladder over its seeds."""

    model: str
    parameters: int
    values: list[float]
    """The test metric of each seed."""
    seconds: float
    """Mean time of training."""


class Ladder(Callback):
    """Hydra callback: compares the models of a multirun when it ends.

    Prints a table, and writes index.html, ladder.png and ladder.json to the folder of the runs. `published` holds
    published values by model, `floor` the best possible value.
    """

    def __init__(self, metric: str, published: Mapping[str, float] | None = None, floor: float | None = None) -> None:
        self.metric = metric
        self.published = published or {}
        self.floor = floor

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        """Reads the results of the runs; prints and writes the comparison."""
        folder = Path(config.hydra.sweep.dir)
        rungs = read_rungs(folder, self.metric)
        if not rungs:
            return
        rows = self.table(rungs)
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        for row in rows:
            print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        print(f"ladder: {self.write(folder, rungs)}")

    def table(self, rungs: list[Rung]) -> list[list[str]]:
        """A header and one row per model."""
        rows = [["model", "parameters", self.metric, "spread", "seeds", "seconds", "published"]]
        for rung in rungs:
            known = self.published.get(rung.model)
            rows.append(
                [
                    rung.model,
                    f"{rung.parameters:,}",
                    f"{mean(rung.values):.4f}",
                    f"{stdev(rung.values):.4f}" if len(rung.values) > 1 else "–",
                    str(len(rung.values)),
                    f"{rung.seconds:.0f}",
                    "–" if known is None else f"{known:.3f}",
                ]
            )
        return rows

    def write(self, folder: Path, rungs: list[Rung]) -> Path:
        """Writes the page with the table and the chart."""
        from zoo.reports.page import Section, write_page
        from zoo.tasks.forecasting.ladder_figure import draw_ladder

        values = {rung.model: rung.values for rung in rungs}
        write_json(folder / "ladder.json", values)
        figure = draw_ladder(folder / "ladder.png", self.metric, values, self.published, self.floor)
        text = f"The mean {self.metric} on the test split; lines show the range over the seeds."
        if self.floor is not None:
            text += f" The lowest possible value is {self.floor}."
        return write_page(folder, "Ladder", [Section("Ladder", text, [figure], self.table(rungs))])


def read_rungs(folder: Path, metric: str) -> list[Rung]:
    """Reads the models of all runs below `folder`, in the order of their first run."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for path in sorted(folder.rglob("metrics.json"), key=_job):
        results = json.loads(path.read_text())
        if results["test"].get(metric) is not None:
            found[results["model"]].append(results)
    return [
        Rung(
            model,
            runs[0]["parameters"],
            [run["test"][metric] for run in runs],
            mean(run["seconds"] for run in runs),
        )
        for model, runs in found.items()
    ]


def _job(path: Path) -> tuple[int, str]:
    """The number of a run within its multirun, which is the name of its folder."""
    name = path.parent.name
    return (int(name) if name.isdecimal() else 0, str(path))
