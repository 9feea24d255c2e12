"""The packages that we stand beside: imported only where they are compared, named where they are missing."""

import os
from collections.abc import Sequence
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from zoo.distribution import install_command

DISTRIBUTIONS = {
    "timm": "timm",
    "ultralytics": "ultralytics",
    "pytorch_metric_learning": "pytorch-metric-learning",
    "neuralforecast": "neuralforecast",
}


def missing(modules: Sequence[str]) -> str:
    """Names what of `modules` is not installed; empty where all are."""
    absent = [DISTRIBUTIONS.get(module, module) for module in modules if find_spec(module) is None]
    return f"{', '.join(absent)} is not installed: {install_command('bench')}" if absent else ""


def versions() -> dict[str, str]:
    """The version of each peer that is installed."""
    found = {}
    for module, distribution in DISTRIBUTIONS.items():
        if find_spec(module) is not None:
            found[distribution] = metadata.version(distribution)
    return found


def keep_to_themselves(folder: Path) -> None:
    """Lets no peer write into the home directory or on the console."""
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    os.environ["YOLO_VERBOSE"] = "false"
