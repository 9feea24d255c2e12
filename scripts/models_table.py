"""Writes docs/MODELS.md and the README's list of models from the catalog; with --check, fails if one is out of date.

python scripts/models_table.py
python scripts/models_table.py --check
"""

import argparse
import re
import sys
from pathlib import Path
from typing import Any, cast

import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

from zoo.config.instantiate import instantiate, locate
from zoo.config.listing import CONFIG_DIR, list_models
from zoo.pretrained.published import published
from zoo.reports.units import format_flops
from zoo.run.create import catalog_config
from zoo.run.flops import count_flops
from zoo.tasks.base import Task

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
MODELS = ROOT / "docs" / "MODELS.md"
RESULTS = ROOT / "docs" / "RESULTS.md"
START, END = "<!-- models: start -->", "<!-- models: end -->"
HEAD = (
    "| `model=` | what it is | task | parameters | FLOPs forward (2 a multiply-add) | pretrained weights "
    "| test result on its built-in data |\n"
    "|---|---|---|--:|---|---|---|"
)


def table() -> str:
    """Returns the table in Markdown: one row for each family, which is a model and the variants that derive from it."""
    families: dict[str, list[str]] = {}
    for name in sorted(list_models(), key=_numbers_in_order):
        families.setdefault(_base(name), []).append(name)
    measured = _results()
    return "\n".join([HEAD, *(_row([base, *{*names} - {base}], measured) for base, names in sorted(families.items()))])


def short_list() -> str:
    """Returns the README's list in Markdown: one row for each task, with its models."""
    tasks: dict[str, list[str]] = {}
    for name in sorted(list_models(), key=_numbers_in_order):
        task = cast(type[Task], locate(catalog_config(name)["_target_"]))
        tasks.setdefault(task.kind, []).append(f"`{name}`")
    rows = [f"| {kind} | {', '.join(names)} |" for kind, names in tasks.items()]
    return "\n".join(["| task | `model=` |\n|---|---|", *rows])


def _row(names: list[str], measured: dict[str, str]) -> str:
    names = [names[0], *sorted(names[1:], key=_numbers_in_order)]
    configs = [catalog_config(name) for name in names]
    networks = [config["network"] for config in configs]
    counts = [_parameters(network) for network in networks]
    count = f"{counts[0]:,}" if len(set(counts)) == 1 else f"{min(counts):,} – {max(counts):,}"
    task = cast(type[Task], locate(configs[0]["_target_"]))
    cells = [
        ", ".join(f"`{name}`" for name in names),
        _description(names),
        task.kind,
        count,
        _flops(task, networks),
        _weights(names),
        "; ".join(_of([name], names, measured[name]) for name in names if name in measured) or "–",
    ]
    return f"| {' | '.join(cells)} |"


def _numbers_in_order(name: str) -> list[int | str]:
    """A key that sorts resnet18 before resnet101."""
    return [f"{int(part):06}" if part.isdigit() else part for part in re.split(r"(\d+)", name)]


def _lines(name: str) -> list[str]:
    return (CONFIG_DIR / "model" / f"{name}.yaml").read_text(encoding="utf-8").splitlines()


def _base(name: str) -> str:
    """The model from which a variant derives, through other variants; the model itself if it is none."""
    parents = [line.removeprefix("  - ") for line in _lines(name) if line.removeprefix("  - ") in list_models()]
    return _base(parents[0]) if parents else name


def _description(names: list[str]) -> str:
    """The comment of the base model, and what differs in each variant: its comment behind the colon."""
    first, *others = (_lines(name)[1].removeprefix("# ").rstrip(".") for name in names)
    variants = zip(names[1:], others, strict=True)
    return "; ".join([first, *(f"`{name}`: {text.partition(': ')[2]}" for name, text in variants)])


def _weights(names: list[str]) -> str:
    """The names of published weights, with the models that have them where not all do."""
    owners: dict[str, list[str]] = {}
    for name in names:
        entry = next((line.split()[1] for line in _lines(name) if line.startswith("published_as: ")), name)
        listed = ", ".join(weights for weights in published(entry) if weights != "DEFAULT")
        if listed:
            owners.setdefault(listed, []).append(name)
    return "; ".join(_of(having, names, listed) for listed, having in owners.items()) or "–"


def _of(some: list[str], names: list[str], text: str) -> str:
    return text if some == names else f"{', '.join(f'`{name}`' for name in some)}: {text}"


def _built_in_data(name: str) -> list[str]:
    """The word that chooses the data which the model's file chooses itself, if it does."""
    start = "  - override /data: "
    return [f"data={line.removeprefix(start)}" for line in _lines(name) if line.startswith(start)]


def _results() -> dict[str, str]:
    """The first measured figure of each model, of the shortest command of docs/RESULTS.md that names it."""
    found: dict[str, tuple[list[str], str]] = {}
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) < 4 or not cells[1].startswith("`python train.py"):
            continue
        words = cells[1].strip("`").split()[2:]
        name = next((word.removeprefix("model=") for word in words if word.startswith("model=")), "")
        name = name or ("" if words else "lenet5")  # the model of the command without any word
        built_in = {f"model={name}", *(_built_in_data(name) if name else ())}
        others = [word for word in words if word not in built_in]
        if name and "…" not in cells[1] and (name not in found or len(others) < len(found[name][0])):
            found[name] = others, cells[3].partition(",")[0] + (", one seed" if cells[2] == "1" else "")
    return {name: f"{figure} ({' '.join(words)})" if words else figure for name, (words, figure) in found.items()}


def _parameters(network: dict[str, Any]) -> int:
    with torch.device("meta"):
        built = instantiate(network)
    return sum(parameter.numel() for parameter in built.parameters())


def _flops(task: type[Task], networks: list[dict[str, Any]]) -> str:
    """Formats the FLOPs of a forward pass of one sample, and the size of that sample."""
    counts, sizes = set(), []
    for network in networks:
        with torch.device("meta"):
            inputs = task.nominal_inputs(network)
        if inputs is not None:
            counts.add(count_flops(network, *inputs))
            sizes.append("×".join(map(str, inputs[0].shape[1:])))
    if not counts - {0}:
        return "–"
    least, most = format_flops(min(counts)), format_flops(max(counts))
    alone = least.removesuffix(f" {most.split()[1]}")  # the unit once, if both share it
    work = most if len(counts) == 1 else f"{alone} – {most}"
    return f"{work}, {' or '.join(dict.fromkeys(sizes))}"


def main() -> int:
    """Writes or checks both; returns 1 if one is out of date."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if one is out of date")
    check = parser.parse_args().check
    stale = [
        path for path, content in ((README, short_list()), (MODELS, table())) if not _written(path, content, check)
    ]
    for path in stale if check else []:
        print(f"{path.name}: the models are out of date: python scripts/models_table.py", file=sys.stderr)
    return int(check and bool(stale))


def _written(path: Path, content: str, check: bool) -> bool:
    """Writes what stands between the markers, unless `check`; returns whether it stood there before."""
    text = path.read_text(encoding="utf-8")
    before, _, rest = text.partition(START)
    fresh = f"{before}{START}\n{content}\n{END}{rest.partition(END)[2]}"
    if not check:
        path.write_text(fresh, encoding="utf-8")
    return fresh == text


if __name__ == "__main__":
    raise SystemExit(main())
