"""Every package that is imported is required, and the catalog can be read without the optional ones."""

import ast
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
OWN = {"zoo", *(path.stem for path in (ROOT / "scripts").iterdir())}
MISSING = {"wandb"}  # what a test imports to see the message


def named(requirements):
    """The distributions in a list of requirements, without extras of our own."""
    return {normal(re.match(r"[\w.-]+", line)[0]) for line in requirements if not line.startswith("lightning-zoo")}


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(folder):
    """Packages that the modules of a folder import, each with a module that does."""
    found = {}
    for file in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            found |= {name.split(".")[0]: file.relative_to(ROOT).as_posix() for name in names}
    return found


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("zoo", set(EXTRAS) - {"test", "dev", "bench"}),
        ("scripts", set(EXTRAS)),
        ("tests", set(EXTRAS)),
    ],
)
def test_every_package_is_required(folder, extras):
    required = named(PROJECT["dependencies"]).union(*(named(EXTRAS[name]) for name in extras))
    distributions = packages_distributions()
    unnamed = {
        package: file
        for package, file in imported(ROOT / folder).items()
        if package not in OWN | MISSING | sys.stdlib_module_names
        and not required & {normal(each) for each in distributions.get(package, [package])}
    }
    local = {file.stem for file in (ROOT / folder).rglob("*.py")}
    assert not {package: file for package, file in unnamed.items() if package not in local}


def test_tests_install_every_extra_of_the_package():
    installed = re.match(r"lightning-zoo\[(.*)\]", next(r for r in EXTRAS["test"] if r.startswith("lightning-zoo")))
    assert installed is not None
    assert set(installed[1].split(",")) == set(EXTRAS) - {"test", "dev", "bench", "sweep"}


CATALOG_ALONE = """
import sys
import pytorch_lightning
sys.modules.update(dict.fromkeys({optional!r}))
import zoo
from zoo.config.instantiate import locate
from zoo.run.create import catalog_config
for name in ("gru", "bert", "bert_classifier", "matrix_factorization", "timm"):
    assert callable(locate(catalog_config(name)["_target_"]))
print("read")
"""


def test_the_catalog_is_read_without_optional_packages():
    names = {"pandas", "pyarrow", "numba", "tokenizers", "nibabel", "av", "timm"}
    optional = names & imported(ROOT / "zoo").keys()
    assert optional == names
    ended = subprocess.run(
        [sys.executable, "-c", CATALOG_ALONE.format(optional=optional)], capture_output=True, text=True, cwd=ROOT
    )
    assert ended.stdout == "read\n", ended.stderr
