"""Imports follow the order of the layers."""

import ast
from pathlib import Path

import pytest

ZOO = Path(__file__).parents[1] / "zoo"
ORDER = [  # a part imports itself and the parts of the rows above its own
    {"distribution", "errors", "signals"},
    {"csv_files", "full_memory", "regular_files", "weights"},
    {"json_files"},
    {"config"},
    {"tensor_files"},
    {"remote"},
    {"hardware", "ops", "optim"},
    {"networks", "losses", "metrics"},
    {"data"},
    {"reports", "prediction"},
    {"tasks"},
    {"checkpoints", "pretrained"},
    {"run"},
    {"commands"},
]
RANK = {part: rank for rank, parts in enumerate(ORDER) for part in parts}
PARTS = sorted(
    path.stem
    for path in ZOO.iterdir()
    if (path.suffix == ".py" and path.stem != "__init__") or (path / "__init__.py").is_file()
)


def files(part: str) -> list[Path]:
    return sorted((ZOO / part).rglob("*.py")) or [ZOO / f"{part}.py"]


def imports(path: Path) -> set[str]:
    """Modules that a file imports at its top level, outside `if TYPE_CHECKING`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found


def test_every_part_has_a_place_in_the_order():
    assert sorted(RANK) == PARTS


@pytest.mark.parametrize("part", PARTS)
def test_no_arrow_against_the_order(part):
    for path in files(part):
        for used in {name.split(".")[1] for name in imports(path) if name.startswith("zoo.")} - {part}:
            assert RANK[used] < RANK[part], f"{path.relative_to(ZOO)} imports zoo.{used}"


TASKS = sorted(path.name for path in (ZOO / "tasks").iterdir() if (path / "__init__.py").is_file())


@pytest.mark.parametrize("task", TASKS)
def test_a_task_imports_no_other_task(task):
    others = {f"zoo.tasks.{other}" for other in TASKS if other != task}
    for path in (ZOO / "tasks" / task).rglob("*.py"):
        used = {".".join(name.split(".")[:3]) for name in imports(path)}
        assert not used & others, f"{path.relative_to(ZOO)} imports {sorted(used & others)}"


ABOUT_ONE_TASK = {"run/backtest.py", "run/enrollment.py", "commands/backtest.py"}


@pytest.mark.parametrize("part", sorted(set(PARTS) - {"tasks"}))
def test_no_generic_module_names_a_task(part):
    for path in files(part):
        if path.relative_to(ZOO).as_posix() in ABOUT_ONE_TASK:
            continue
        used = {name for name in imports(path) if any(name.startswith(f"zoo.tasks.{task}") for task in TASKS)}
        assert not used, f"{path.relative_to(ZOO)} imports {sorted(used)}"


PEERS = {"torchvision_detectors.py": "torchvision"}  # whose networks a class builds by name


def test_networks_need_torch_alone():
    for path in (ZOO / "networks").rglob("*.py"):
        packages = {name.split(".")[0] for name in imports(path)} - {PEERS.get(path.name)}
        heavy = packages & {"pytorch_lightning", "hydra", "omegaconf", "torchmetrics", "torchvision", "sklearn"}
        assert not heavy, f"{path.relative_to(ZOO)} imports {sorted(heavy)}"


@pytest.mark.parametrize("name", sorted(path.stem for path in (ZOO / "commands").glob("*.py")))
def test_a_command_imports_nothing_heavy_at_its_top(name):
    tree = ast.parse((ZOO / "commands" / f"{name}.py").read_text(encoding="utf-8"))
    top = {node.module for node in tree.body if isinstance(node, ast.ImportFrom) and node.module}
    top |= {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    ours = {module.split(".")[1] for module in top if module.startswith("zoo.")}
    assert ours <= {"errors", "config", "commands"}
    assert not {module.split(".")[0] for module in top} & {"torch", "pytorch_lightning", "torchvision", "numpy"}


def test_no_file_is_a_dumping_ground():
    assert not [part for part in PARTS if "util" in part or "helper" in part or "common" in part]
