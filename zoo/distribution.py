"""The published name of the zoo, and the shell commands that error messages recommend."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

NAME = "lightning-zoo"  # `zoo` and `torchzoo` are other projects on PyPI
ROOT = Path(__file__).resolve().parent.parent
"""The root of the clone, or the folder of installed packages."""

_FOR_DEVELOPERS = ("test", "dev", "bench")  # extras that error messages skip


def install_command(extra: str) -> str:
    """Returns the shell command that installs an extra of this clone, or of the published package."""
    if not _in_clone():
        return f"pip install '{NAME}[{extra}]'"
    folder = "." if Path.cwd() == ROOT else ROOT
    return f"pip install -e '{folder}[{extra}]'"


def install_command_for(package: str) -> str:
    """Returns the shell command that installs a package, through the extra that requires it if there is one.

    >>> install_command_for("wandb")
    'pip install wandb'
    """
    for extra, requirements in _extras().items():
        named = any(re.match(rf"{re.escape(package)}(?![\w.-])", line, re.IGNORECASE) for line in requirements)
        if named and extra not in _FOR_DEVELOPERS:
            return install_command(extra)
    return f"pip install {package}"


def is_of_an_extra(package: str) -> bool:
    """Whether an extra requires a package."""
    return install_command_for(package) != f"pip install {package}"


def run_command(program: str) -> str:
    """Returns the shell command of a program such as `train`: a script of this clone, or the installed command."""
    if not _in_clone():
        return f"zoo-{program.replace('_', '-')}"
    script = Path("train.py") if program == "train" else Path("scripts", f"{program}.py")
    return f"python {script if Path.cwd() == ROOT else ROOT / script}"


def _in_clone() -> bool:
    return (ROOT / "pyproject.toml").is_file()


def _extras() -> dict[str, list[str]]:
    """Returns the requirements of each extra, from `pyproject.toml` of the clone or from installed metadata."""
    if _in_clone():
        return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    try:
        lines = requires(NAME) or []
    except PackageNotFoundError:  # a copy of the folder `zoo` without metadata
        lines = []
    extras: dict[str, list[str]] = {}
    for line in lines:
        if found := re.search(r"extra == ['\"]([\w-]+)", line):
            extras.setdefault(found[1], []).append(line)
    return extras
