"""The packages that we compare with: imported when measured, reported when missing."""

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
    "libmf": "libmf",
    "transformers": "transformers",
    "tokenizers": "tokenizers",
}


def missing(modules: Sequence[str]) -> str:
    """Returns a message that names the missing packages of `modules`; empty if all are installed."""
    absent = [DISTRIBUTIONS.get(module, module) for module in modules if find_spec(module) is None]
    return f"{', '.join(absent)} is not installed: {install_command('bench')}" if absent else ""


def versions() -> dict[str, str]:
    """Returns the version of each installed peer."""
    found = {}
    for module, distribution in DISTRIBUTIONS.items():
        if find_spec(module) is not None:
            found[distribution] = metadata.version(distribution)
    return found


def keep_to_themselves(folder: Path) -> None:
    """Keeps the peers from writing into the home directory or to the console."""
    os.environ["YOLO_CONFIG_DIR"] = str(folder)
    os.environ["YOLO_VERBOSE"] = "false"
