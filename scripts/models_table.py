"""Writes the README's table of models from the catalogue; with --check, fails if it is out of date.

python scripts/models_table.py
python scripts/models_table.py --check
"""

import argparse
import inspect
import sys
from pathlib import Path
from typing import Any, cast

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

from zoo.config.instantiate import instantiate, locate
from zoo.config.listing import list_models
from zoo.reports.units import format_flops
from zoo.run.create import catalogue_config
from zoo.run.flops import count_flops
from zoo.tasks.base import Task

README = Path(__file__).resolve().parent.parent / "README.md"
IMAGE_SIZE = 224  # of networks that take any
STEPS = 32
START, END = "<!-- models: start -->", "<!-- models: end -->"


def table() -> str:
    """Return the table in Markdown: a row for each network, with its variants."""
    rows = ["| `model=` | parameters | FLOPs forward (2 a multiply-add) | task | what it is |", "|---|--:|---|---|---|"]
    configs = {name: catalogue_config(name) for name in list_models()}
    families: dict[str, list[str]] = {}
    for name, config in configs.items():
        families.setdefault(f"{config['network']['_target_']} {_backbone(config)}", []).append(name)
    for names in families.values():
        networks = [configs[name]["network"] for name in names]
        counts = [_parameters(network) for network in networks]
        count = f"{counts[0]:,}" if len(set(counts)) == 1 else f"{min(counts):,} – {max(counts):,}"
        task = cast(type[Task], locate(configs[names[0]]["_target_"]))
        listed = ", ".join(f"`{name}`" for name in names)
        cells = [listed, count, _flops(networks, task.kind), task.kind, _description(networks[0])]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def _backbone(config: dict[str, Any]) -> str:
    backbone = config["network"].get("backbone")
    return str(backbone["_target_"]) if isinstance(backbone, dict) else ""


def _parameters(network: dict[str, Any]) -> int:
    with torch.device("meta"):
        built = instantiate(network)
    return sum(parameter.numel() for parameter in built.parameters())


def _flops(networks: list[dict[str, Any]], kind: str) -> str:
    """Format the FLOPs of a forward pass of one sample, and the size of that sample."""
    channels, size = _argument(networks[0], "in_channels", 3), _argument(networks[0], "image_size", IMAGE_SIZE)
    series = kind == "forecasting"
    shape = (1, STEPS, _argument(networks[0], "in_channels", 1)) if series else (1, channels, size, size)
    counts = {count_flops(network, torch.empty(shape, device="meta")) for network in networks}
    if counts == {0}:
        return "–"
    least, most = format_flops(min(counts)), format_flops(max(counts))
    alone = least.removesuffix(f" {most.split()[1]}")  # the unit once, if both share it
    amount = most if len(counts) == 1 else f"{alone} – {most}"
    return f"{amount}, {f'{STEPS} steps' if series else f'{channels}×{size}×{size}'}"


def _argument(network: dict[str, Any], name: str, otherwise: int) -> int:
    """Return an argument of the network or of its backbone: as configured, else the default of its class."""
    for part in (network, network.get("backbone")):
        if isinstance(part, dict):
            default = inspect.signature(locate(part["_target_"])).parameters.get(name)
            value = part.get(name, default and default.default)
            if isinstance(value, int):
                return value
    return otherwise


def _description(network: dict[str, Any]) -> str:
    """Return the first line of the network's docstring."""
    return (locate(network["_target_"]).__doc__ or "").strip().splitlines()[0].rstrip(".")


def main() -> int:
    """Write or check the table; return 1 if it is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the table is out of date")
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
