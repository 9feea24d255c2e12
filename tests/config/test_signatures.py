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
