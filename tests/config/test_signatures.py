import inspect

import pytest
from omegaconf import OmegaConf

from zoo.config.argument_types import is_simple
from zoo.config.compose import compose
from zoo.config.instantiate import locate, parameters_of
from zoo.config.listing import list_options
from zoo.config.signatures import parameters

EMPTY = inspect.Parameter.empty


def targets(node):
    """Every `_target_` of a composed configuration."""
    if isinstance(node, list):
        return {target for item in node for target in targets(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["_target_"]} if "_target_" in node else set()
    return own.union(*(targets(value) for value in node.values()))


@pytest.mark.parametrize("group", ["model", "data", "optimizer", "scheduler", "trainer", "callbacks", "finetune"])
def test_the_source_gives_the_parameters_that_python_gives(group):
    for option in list_options(group):
        composed = compose([f"{group}=[{option}]" if group == "callbacks" else f"{group}={option}"])
        for target in targets(OmegaConf.to_container(composed)[group]):
            read, actual = parameters(target), parameters_of(locate(target))
            assert read is not None, target
            assert list(read) == list(actual), target
            for name, parameter in actual.items():
                assert (read[name].default is EMPTY) == (parameter.default is EMPTY), (target, name)
                if target.startswith("zoo.") and is_simple(read[name].annotation):
                    assert read[name].annotation == parameter.annotation, (target, name)


def test_a_class_without_constructor_takes_that_of_its_base():
    assert parameters("argparse.ArgumentTypeError") is None
    assert parameters("torch.optim.adamw.AdamW") == parameters("torch.optim.adamw.AdamW")
    assert "eps" in parameters("torch.optim.adamw.AdamW")


@pytest.mark.parametrize("target", ["zoo.nothing.Here", "nothing.at.All", "zoo.errors.Nothing", "builtins.dict"])
def test_a_target_without_source_has_no_parameters(target):
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
    assert set(parameters(target)) == expected == set(inspect.signature(locate(target)).parameters)
