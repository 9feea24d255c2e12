"""Imports go one way."""

import ast
from pathlib import Path

import pytest

ZOO = Path(__file__).parents[1] / "zoo"
LIGHT = {"errors", "signatures", "config"}
MAY_IMPORT = {  # a part, and the parts of zoo that it may import besides itself and `errors`
    "networks": {"ops"},
    "ops": set(),
    "losses": {"ops"},
    "metrics": {"ops"},
    "tasks": {"networks", "ops", "losses", "metrics", "optim"},
    "data": {"ops", "hardware"},
    "reports": {"flops", "baselines", "networks", "data", "tasks", "metrics", "ops", "losses"},
    "benchmarks": {"build", "config", "console"}
    | {"gallery", "hardware", "instantiate", "data", "losses", "networks", "ops", "tasks"},
    "baselines": {"data", "tasks", "metrics", "ops", "losses", "networks"},
}
PARTS = sorted(path.stem for path in ZOO.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file())


def imports(path: Path) -> set[str]:
    """Modules that a file imports at its top level, outside `if TYPE_CHECKING`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


@pytest.mark.parametrize("part", sorted(MAY_IMPORT))
def test_no_arrow_against_the_order(part):
    allowed = MAY_IMPORT[part] | {part, "errors"}
    for path in (ZOO / part).rglob("*.py"):
        used = {name.split(".")[1] for name in imports(path) if name.startswith("zoo.")}
        assert used <= allowed, f"{path.relative_to(ZOO)} imports {sorted(used - allowed)}"


def test_networks_need_torch_alone():
    for path in (ZOO / "networks").rglob("*.py"):
        packages = {name.split(".")[0] for name in imports(path)}
        heavy = packages & {"pytorch_lightning", "hydra", "omegaconf", "torchmetrics", "torchvision", "sklearn"}
        assert not heavy, f"{path.relative_to(ZOO)} imports {sorted(heavy)}"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ZOO / "commands").glob("*.py")))
def test_a_command_imports_nothing_heavy_at_its_top(name):
    tree = ast.parse((ZOO / "commands" / f"{name}.py").read_text(encoding="utf-8"))
    top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module}
    top |= {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    ours = {module.split(".")[1] for module in top if module.startswith("zoo.")}
    assert ours <= LIGHT | {"commands"}
    assert not {module.split(".")[0] for module in top} & {"torch", "pytorch_lightning", "torchvision", "numpy"}


def test_no_file_is_a_dumping_ground():
    assert not [part for part in PARTS if "util" in part or "helper" in part or "common" in part]
