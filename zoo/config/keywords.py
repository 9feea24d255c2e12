"""Composes a command's configuration from keyword arguments, with its words or those of other tools."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf

from zoo.config.compose import compose, compose_with_choices, to_dict
from zoo.config.explain import options_with, refused_options
from zoo.config.listing import CONFIG_DIR
from zoo.config.other_words import key_here
from zoo.config.validate import validate
from zoo.errors import ZooError, unknown


class Composed(NamedTuple):
    """A validated configuration, the option of each group, and the words of the same command line."""

    values: dict[str, Any]
    choices: dict[str, str]
    words: list[str]
    renamed: list[str]
    """A line for each argument that has another name here."""


def compose_keywords(options: Mapping[str, Any], overrides: Sequence[str] = ()) -> Composed:
    """Composes the configuration of `train` from keyword arguments and words of its command line.

    An argument is a group (`optimizer="sgd"`), a key (`seed=1`, `**{"optimizer.lr": 0.1}`), a key of the data
    (`root="flowers"`), or another tool's word for a key (`epochs=3`, `lr=0.1`). None leaves the default.

    Raises:
        ZooError: an unknown argument, one that is given twice, or a value of the wrong type.
    """
    given = {name: plain_value(name, value) for name, value in options.items() if value is not None}
    groups = [f"{name}={_option(value)}" for name, value in given.items() if _is_group(name)]
    words = [*groups, *(word for word in overrides if _is_group(word.partition("=")[0]))]
    if refused := refused_options([*groups, *overrides]):
        raise ZooError(refused)
    config, choices = compose_with_choices([*groups, *overrides])
    named = {name: _key(name, config) for name in given if not _is_group(name)}
    _refuse_twice([*named.items(), *((word, word.lstrip("+").partition("=")[0]) for word in overrides)])
    keys = {key: given[name] for name, key in named.items()}
    for key, value in keys.items():
        OmegaConf.update(config, key, value)
    values = to_dict(config)
    listed = OmegaConf.to_container(compose(words), resolve=False)
    assert isinstance(listed, dict)
    validate(values, {str(key): value for key, value in listed.items()})
    renamed = [f"`{name}` is {key} here" for name, key in named.items() if name not in (key, key.rpartition(".")[2])]
    words = [*groups, *overrides, *(f"{key}={value}" for key, value in keys.items())]
    return Composed(values, choices, words, renamed)


def _refuse_twice(named: Sequence[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for name, key in named:
        if (other := first.setdefault(key, name)) != name:
            raise ZooError(f"`{other}` and `{name}` both are {key}: give one of them")


def plain_value(name: str, value: Any) -> Any:
    """Returns a value as the configuration takes it: a path as a text, a number of NumPy or torch as one of Python.

    Raises:
        ZooError: an object of another type.
    """
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple) and not _is_group(name):
        return [plain_value(name, each) for each in value]
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        value = value.item()
    options = value if isinstance(value, list | tuple) else [value]
    plain: tuple[type, ...] = (str,) if _is_group(name) else (str, int, float, Mapping, type(None))
    if not all(isinstance(each, plain) for each in options):
        kind = "the name of an option" if _is_group(name) else "a text, a number, a list or a dictionary"
        found = next(each for each in options if not isinstance(each, plain))
        raise ZooError(
            f"`{name}` takes {kind}, not a {type(found).__name__}: for objects of your own, fit zoo.create_model(…) "
            f"with your own Trainer"
        )
    return value


def _is_group(name: str) -> bool:
    return "." not in name and (CONFIG_DIR / name).is_dir()


def _option(value: Any) -> str:
    """One option, or several of a group such as `callbacks`."""
    return f"[{','.join(map(str, value))}]" if isinstance(value, list | tuple) else str(value)


def _key(name: str, config: DictConfig) -> str:
    """The dotted key that an argument stands for."""
    if _is_listed(name, config):
        return name
    if _is_listed(f"data.{name}", config):
        return f"data.{name}"
    key = key_here(name, config)
    if key is None:
        if others := options_with("data", name):
            raise ZooError(f"unknown argument `{name}`: data={', '.join(others)} {'have' if others[1:] else 'has'} it")
        words = [*map(str, config), *(f"data.{word}" for word in config.data)]
        raise ZooError(unknown("argument", name, [word for word in words if "_target_" not in word]))
    if _is_group(key):
        raise ZooError(f"`{name}` is called `{key}` here, which takes the name of an option")
    return key


def _is_listed(key: str, config: DictConfig) -> bool:
    parent, _, name = key.rpartition(".")
    node = OmegaConf.select(config, parent) if parent else config
    return isinstance(node, DictConfig) and name in [str(each) for each in node]
