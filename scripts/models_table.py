"""Writes the README's table of models from the catalogue; with --check, fails where it is out of date.

python scripts/models_table.py
python scripts/models_table.py --check
"""

import argparse
import sys
from pathlib import Path

import torch

from zoo.build import catalogue_config
from zoo.config import CONFIG_DIR, list_models
from zoo.instantiate import instantiate, locate

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- models: start -->", "<!-- models: end -->"


def table() -> str:
    """The table in Markdown: one row for each model of the catalogue."""
    rows = ["| `model=` | parameters | task | what it is |", "|---|--:|---|---|"]
    for name in list_models():
        config = catalogue_config(name)
        with torch.device("meta"):
            network = instantiate(config["network"])
        count = sum(parameter.numel() for parameter in network.parameters())
        rows.append(f"| `{name}` | {count:,} | {locate(config['_target_']).kind} | {_description(name)} |")
    return "\n".join(rows)


def _description(name: str) -> str:
    """The first comment of the model's file."""
    lines = (CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    comments = [line.removeprefix("# ") for line in lines if line.startswith("# ") and "@package" not in line]
    return comments[0].rstrip(".") if comments else ""


def main() -> int:
    """Writes or checks the table; 1 where it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with 1 where the table is out of date"
    )
    check = parser.parse_args().check
    text = README.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    fresh = f"{before}{START}\n{table()}\n{END}{after}"
    if check:
        if fresh != text:
            print("README.md: the table of models is out of date: python scripts/models_table.py", file=sys.stderr)
        return int(fresh != text)
    README.write_text(fresh, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
