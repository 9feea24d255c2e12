"""Measures weights on the test split of their data."""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from weights.recipes import Recipe
from zoo.errors import ZooError
from zoo.json_files import read_object

ROOT = Path(__file__).resolve().parents[2]


def measured(recipe: Recipe, words: list[str]) -> dict[str, float]:
    """The test metrics of weights by `scripts/evaluate.py`; `words` locate the data.

    Raises:
        ZooError: the evaluation failed.
    """
    with TemporaryDirectory() as folder:
        command = ["scripts/evaluate.py", f"checkpoint={recipe.name}", *(f"+{word}" for word in words)]
        options = ["baselines=false", f"hydra.run.dir={folder}/run"]
        ended = subprocess.run([sys.executable, *command, *options], cwd=ROOT, capture_output=True, text=True)
        if ended.returncode:
            raise ZooError(f"{recipe.name} cannot be evaluated: {ended.stderr.strip()}")
        found: dict[str, float] = read_object(Path(folder, "run", "metrics.json"))["test"]
        return found
