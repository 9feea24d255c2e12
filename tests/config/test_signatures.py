import inspect

import pytest

from zoo.config.compose import compose, list_options
from zoo.config.instantiate import locate
from zoo.config.signatures import parameters


@pytest.mark.parametrize("group", ["optimizer", "scheduler", "trainer", "data"])
def test_what_is_read_from_the_source_is_what_python_says(group):
    for option in list_options(group):
        target = compose([f"{group}={option}"])[group]._target_
        if (read := parameters(target)) is not None:
            assert read == set(inspect.signature(locate(target)).parameters), target


def test_a_class_without_constructor_takes_that_of_its_base():
    assert parameters("zoo.errors.ZooError") is None
    assert parameters("torch.optim.adamw.AdamW") == parameters("torch.optim.adamw.AdamW")
    assert "eps" in parameters("torch.optim.adamw.AdamW")


@pytest.mark.parametrize("target", ["zoo.nothing.Here", "nothing.at.All", "zoo.errors.Nothing", "builtins.dict"])
def test_what_has_no_source_is_left_alone(target):
    assert parameters(target) is None


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package whose dataclasses inherit from each other across files."""
    folder = tmp_path / "package_of_dataclasses"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "base.py").write_text(
        "from dataclasses import dataclass, field\n"
        "from typing import ClassVar\n"
        "class Plain:\n    def __init__(self, ignored=0): ...\n"
        "@dataclass(kw_only=True, eq=False)\n"
        "class Base(Plain):\n"
        "    kind: ClassVar[str] = 'base'\n    size: int\n    season: int\n    state: list = field(init=False)\n"
        "class Same(Base): ...\n"
    )
    (folder / "derived.py").write_text(
        "from dataclasses import dataclass, field\n"
        "from package_of_dataclasses.base import Same as Parent\n"
        "@dataclass(kw_only=True)\n"
        "class Derived(Parent):\n    root: str\n    season: int = field(default=1, init=False)\n"
        "class Last(Derived):\n    root = 'elsewhere'\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return folder.name


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("base.Base", {"size", "season"}),
        ("base.Same", {"size", "season"}),
        ("derived.Derived", {"size", "root"}),
        ("derived.Last", {"size", "root"}),
    ],
)
def test_a_dataclass_takes_its_fields_and_inherited_ones(package, name, expected):
    target = f"{package}.{name}"
    assert parameters(target) == expected == set(inspect.signature(locate(target)).parameters)
