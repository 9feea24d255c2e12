"""Prints the test metric of a model beside those of its rivals on each data set: mean ± standard deviation.

python train.py -m model=two_layer data=breast_cancer,wine,iris seed=0,1,2,3,4 runs=tables
python train.py -m model=two_layer_regression seed=0,1,2,3,4 runs=tables
python scripts/rivals_table.py tables
"""

import argparse
import json
import statistics
import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

DIGITS = {True: 3, False: 2}
"""Decimal places, of fractions and of errors."""
Runs = Sequence[Mapping[str, Any]]
"""The content of metrics.json of each run."""


def main() -> int:
    """Prints a table in Markdown, a line for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    groups = defaultdict(list)
    for file in sorted(folder.rglob("metrics.json")):
        results = json.loads(file.read_text(encoding="utf-8"))
        if results.get("baselines"):
            groups[results["model"], results["data"]].append(results)
    if not groups:
        print(f"error: {folder} holds no runs with baselines", file=sys.stderr)
        return 2
    print("| data | seeds | metric | model | rivals, best first | coverage |\n|---|--:|---|---|---|---|")
    print("\n".join(line(runs) for runs in groups.values()))
    return 0


def line(runs: Runs) -> str:
    """The line of a model on one data set."""
    first = runs[0]
    metric, highest = first["monitored"]["name"].partition("/")[2], first["monitored"]["mode"] == "max"
    rivals = {name: [run["baselines"][name][metric] for run in runs] for name in first["baselines"]}
    ranked = sorted(rivals.items(), key=lambda item: statistics.mean(item[1]), reverse=highest)
    listed = ", ".join(f"{name} {statistics.mean(values):.{DIGITS[highest]}f}" for name, values in ranked)
    model = f"{first['model']} {spread([run['test'][metric] for run in runs], DIGITS[highest])}"
    covered = spread([run["test"]["coverage"] for run in runs], 3) if "coverage" in first["test"] else "–"
    return f"| {first['data']} | {len(runs)} | {metric} | {model} | {listed} | {covered} |"


def spread(values: Iterable[float], digits: int) -> str:
    """Mean and standard deviation."""
    found = [*values]
    more = f" ± {statistics.stdev(found):.{digits}f}" if len(found) > 1 else ""
    return f"{statistics.mean(found):.{digits}f}{more}"


if __name__ == "__main__":
    sys.exit(main())
