"""Writes the README's table of models from the catalogue; with --check, fails where it is out of date.

python scripts/models_table.py
python scripts/models_table.py --check
"""

import argparse
import sys
from pathlib import Path
from typing import Any, cast

import torch

from zoo.build import catalogue_config
from zoo.config import list_models
from zoo.instantiate import instantiate, locate
from zoo.tasks.base import Task

README = Path(__file__).resolve().parent.parent / "README.md"
START, END = "<!-- models: start -->", "<!-- models: end -->"


def table() -> str:
    """The table in Markdown: one row for each network, with its variants."""
    rows = ["| `model=` | parameters | task | what it is |", "|---|--:|---|---|"]
    families: dict[str, list[str]] = {}
    for name in list_models():
        config = catalogue_config(name)
        families.setdefault(f"{config['network']['_target_']} {_backbone(config)}", []).append(name)
    for names in families.values():
        counts = [_parameters(name) for name in names]
        count = f"{counts[0]:,}" if len(set(counts)) == 1 else f"{min(counts):,} – {max(counts):,}"
        task = cast(type[Task], locate(catalogue_config(names[0])["_target_"]))
        listed = ", ".join(f"`{name}`" for name in names)
        rows.append(f"| {listed} | {count} | {task.kind} | {_description(catalogue_config(names[0]))} |")
    return "\n".join(rows)


def _backbone(config: dict[str, Any]) -> str:
    backbone = config["network"].get("backbone")
    return str(backbone["_target_"]) if isinstance(backbone, dict) else ""


def _parameters(name: str) -> int:
    with torch.device("meta"):
        network = instantiate(catalogue_config(name)["network"])
    return sum(parameter.numel() for parameter in network.parameters())


def _description(config: dict[str, Any]) -> str:
    """The first line of the network's docstring."""
    return (locate(config["network"]["_target_"]).__doc__ or "").strip().splitlines()[0].rstrip(".")


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
