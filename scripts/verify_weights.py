"""Measures all weights of zoo/weights again, compares them with their cards, and writes the table of docs/WEIGHTS.md.

python scripts/verify_weights.py --data-root DIR   DIR holds the data that is not built in
python scripts/verify_weights.py --table           writes the table from the cards alone; nothing is measured
python scripts/verify_weights.py --published       downloads the published weights, and checks their hashes too
"""

import argparse
import hashlib
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]  # the zoo of this clone, installed or not

from weights.measure import measured  # noqa: E402
from weights.published import check_published  # noqa: E402
from weights.recipes import Recipe, recipes  # noqa: E402
from weights.table import write_table  # noqa: E402

from zoo.errors import ZooError  # noqa: E402
from zoo.run.model_card import card  # noqa: E402
from zoo.weights import shipped, shipped_folder  # noqa: E402

TOLERANCE = 0.002  # relative: another processor rounds differently


def main() -> int:
    """Returns 0 where every file has its hash and every measured figure is that of the card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-root", type=Path, help="the folder that holds the data of all recipes")
    parser.add_argument("--table", action="store_true", help="write the table only")
    parser.add_argument("--published", action="store_true", help="check published weights too")
    given = parser.parse_args()
    known, right = recipes(), True
    if not given.table:
        for name in shipped():
            right &= _check(known[name], given.data_root)
        if given.published:
            right &= check_published()
    write_table()
    return int(not right)


def _check(recipe: Recipe, data_root: Path | None) -> bool:
    folder, facts = shipped_folder(recipe.name), card(recipe.name).facts
    assert folder is not None
    if hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() != facts["sha256"]:
        print(f"{recipe.name}: the hash is not that of its card")
        return False
    try:
        return _measured_as_stated(recipe, data_root, facts)
    except ZooError as error:
        print(f"{recipe.name}: hash right; not measured: {error}")
        return False


def _measured_as_stated(recipe: Recipe, data_root: Path | None, facts: Mapping[str, Any]) -> bool:
    words = recipe.located(data_root)
    if words is None:
        print(f"{recipe.name}: hash right; not measured, its data is not at --data-root/{recipe.folder}")
        return True
    (result,) = facts["model-index"][0]["results"]
    stated = {metric["type"]: metric["value"] for metric in result["metrics"]}
    found = measured(recipe, words)
    wrong = {name: value for name, value in stated.items() if not abs(found[name] - value) <= TOLERANCE * abs(value)}
    figure = f"{recipe.metric} {found[recipe.metric]:.4f}"
    print(f"{recipe.name}: hash right, {figure}, {len(stated)} metrics {f'differ: {wrong}' if wrong else 'as stated'}")
    return not wrong


if __name__ == "__main__":
    raise SystemExit(main())
