"""Error messages recommend commands that work in a clone and in an installation."""

import tomllib
from pathlib import Path

import pytest

from zoo import distribution
from zoo.distribution import NAME, install_command, install_command_for, run_command

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture
def installed(monkeypatch, tmp_path):
    """As if the zoo ran from the folder of installed packages."""
    monkeypatch.setattr(distribution, "ROOT", tmp_path)
    lines = ["ruff>=0.9; extra == 'dev'", "pandas>=3; extra == 'series'", "pandas-stubs; extra == 'x'", "torch>=2.11"]
    monkeypatch.setattr(distribution, "requires", {NAME: lines}.get)


def test_one_name():
    assert PROJECT["name"] == NAME
    assert any(line.startswith(f"{NAME}[") for line in PROJECT["optional-dependencies"]["test"])


def test_in_a_clone_the_clone_is_installed(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert install_command("export") == "pip install -e '.[export]'"
    monkeypatch.chdir(tmp_path)
    assert install_command("export") == f"pip install -e '{ROOT}[export]'"


@pytest.mark.usefixtures("installed")
def test_elsewhere_the_published_package_is_installed():
    assert install_command("export") == "pip install 'lightning-zoo[export]'"
    assert install_command_for("pandas") == "pip install 'lightning-zoo[series]'"


def test_programs_of_a_clone_are_its_scripts(monkeypatch, tmp_path):
    monkeypatch.chdir(ROOT)
    assert run_command("train") == "python train.py"
    assert run_command("check_data") == "python scripts/check_data.py"
    monkeypatch.chdir(tmp_path)
    assert run_command("evaluate") == f"python {ROOT}/scripts/evaluate.py"


@pytest.mark.usefixtures("installed")
def test_programs_of_an_installation_are_commands():
    assert run_command("train") == "zoo-train"
    assert run_command("check_data") == "zoo-check-data"


def test_a_package_comes_with_its_extra(monkeypatch):
    monkeypatch.chdir(ROOT)
    assert install_command_for("pandas") == install_command_for("Pandas") == "pip install -e '.[series]'"


@pytest.mark.parametrize("package", ["ruff", "torch", "wandb", "panda"])
def test_a_package_of_no_extra_for_users_comes_alone(package):
    assert install_command_for(package) == f"pip install {package}"


@pytest.mark.usefixtures("installed")
def test_a_copy_without_metadata(monkeypatch):
    def absent(name):
        raise distribution.PackageNotFoundError(name)

    monkeypatch.setattr(distribution, "requires", absent)
    assert install_command_for("pandas") == "pip install pandas"
