"""Trains weights of zoo/weights again, and compares the test metric with the interval in their card.

python scripts/reproduce.py lenet5/digits
python scripts/reproduce.py lenet5/mnist --data-root DIR            DIR/mnist holds the data
python scripts/reproduce.py lenet5/mnist --data-root DIR --release  writes zoo/weights/lenet5/mnist
With --runs FOLDER the runs stay there, and a later call takes the finished ones of the same commit.
"""

import argparse
import resource
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]  # the zoo of this clone, installed or not

from weights.measure import measured  # noqa: E402
from weights.recipes import SEEDS, Recipe, interval, recipes  # noqa: E402

from zoo.checkpoints.load import load  # noqa: E402
from zoo.errors import ZooError, unknown  # noqa: E402
from zoo.json_files import read_object, write_json  # noqa: E402
from zoo.run.model_card import Release, card  # noqa: E402
from zoo.run.share import write_folder  # noqa: E402

LOST = 0.002  # of a metric, relative: more than this, and the weights are stored in 32 bits


class Trained(NamedTuple):
    """A finished run."""

    folder: Path
    figures: dict[str, Any]
    cpu_seconds: float


def main() -> int:
    """Returns 0 where the metric lies within the interval."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", help="of the weights, such as lenet5/digits")
    parser.add_argument("--data-root", type=Path, help="the folder that holds the data of all recipes")
    parser.add_argument("--release", action="store_true", help="train three seeds and write the weights")
    parser.add_argument("--runs", type=Path, help="where the runs stay, and where finished ones are taken from")
    given = parser.parse_args()
    try:
        recipe = _recipe(given.name)
        words = recipe.located(given.data_root)
        if words is None:
            raise ZooError(f"the data of {recipe.name} is not at --data-root/{recipe.folder}")
        if given.release or given.runs:
            _require_no_changes()
        with TemporaryDirectory() as temporary:
            runs = (given.runs.resolve() / recipe.name / _commit()) if given.runs else Path(temporary)
            return _release(recipe, words, runs) if given.release else _compare(recipe, words, runs)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def _recipe(name: str) -> Recipe:
    known = recipes()
    if name not in known:
        raise ZooError(unknown("weights", name, known))
    return known[name]


def _compare(recipe: Recipe, words: list[str], runs: Path) -> int:
    low, high = card(recipe.name).facts["release"]["interval"]
    figure = _train(recipe, words, SEEDS[0], runs).figures["test"][recipe.metric]
    within = low <= figure <= high
    print(f"{recipe.name}: {recipe.metric} {figure:.4f} is {'within' if within else 'outside'} {low:.4f} … {high:.4f}")
    return int(not within)


def _release(recipe: Recipe, words: list[str], runs: Path) -> int:
    trained = {seed: _train(recipe, words, seed, runs) for seed in SEEDS}
    first = trained[SEEDS[0]]
    values = {seed: each.figures["test"][recipe.metric] for seed, each in trained.items()}
    release = Release(
        recipe=" ".join(["python train.py", *recipe.command, *_elsewhere(recipe), f"seed={SEEDS[0]}"]),
        commit=_commit(),
        data=recipe.data,
        data_license=recipe.data_license,
        metric=recipe.metric,
        seeds=values,
        interval=interval(list(values.values()), recipe.highest),
        baseline=recipe.best_baseline([each.figures for each in trained.values()]),
        cpu_seconds=round(first.cpu_seconds, 1),
        use=recipe.use,
        limits=recipe.limits,
    )
    folder = ROOT / "zoo" / "weights" / recipe.name
    full = first.figures["test"]
    for half in (True, False):
        shutil.rmtree(folder, ignore_errors=True)
        task = load(first.folder)
        write_folder(task, folder, first.figures, license="apache-2.0", source=recipe.name, half=half, release=release)
        found = measured(recipe, words)
        if abs(found[recipe.metric] - full[recipe.metric]) <= LOST * abs(full[recipe.metric]):
            break
    first.figures["test"] = found  # of the weights as they are stored
    release = replace(release, seeds=values | {SEEDS[0]: found[recipe.metric]})
    shutil.rmtree(folder)
    write_folder(task, folder, first.figures, license="apache-2.0", source=recipe.name, half=half, release=release)
    size = (folder / "model.safetensors").stat().st_size
    print(f"{recipe.name}: {recipe.metric} {found[recipe.metric]:.4f}, {size:,} bytes: {folder}")
    return 0


def _elsewhere(recipe: Recipe) -> list[str]:
    return [f"{recipe.root}=DIR/{recipe.folder}"] if recipe.folder else []


def _require_no_changes() -> None:
    parts = ["train.py", "zoo", "configs", "scripts/weights", ":!zoo/weights/*/*"]
    if subprocess.run(["git", "status", "--porcelain", *parts], cwd=ROOT, capture_output=True).stdout:
        raise ZooError("train.py, zoo, configs or recipes have changes: commit them, since the card names the commit")


def _commit() -> str:
    command = ["git", "rev-parse", "--short=10", "HEAD"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout.strip()


def _train(recipe: Recipe, words: list[str], seed: int, runs: Path) -> Trained:
    folder = runs / str(seed)
    seconds = folder / "cpu_seconds.json"  # written last: the run is finished
    if not seconds.exists():
        shutil.rmtree(folder, ignore_errors=True)
        command = [sys.executable, "train.py", *recipe.command, *words, f"seed={seed}", f"hydra.run.dir={folder}"]
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        if subprocess.run(command, cwd=ROOT).returncode:
            raise ZooError(f"the training failed: {' '.join(command)}")
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        write_json(seconds, {"cpu_seconds": used})
    return Trained(folder, read_object(folder / "metrics.json"), read_object(seconds)["cpu_seconds"])


if __name__ == "__main__":
    raise SystemExit(main())
