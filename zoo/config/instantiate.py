"""Configuration to objects: `_target_` names a class by its full path, the other keys are its arguments."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from zoo.config.argument_types import wanted
from zoo.distribution import install_command_for
from zoo.errors import ZooError

Facts = Mapping[str, Any]


def complete(config: Any, facts: Facts, where: str = "") -> Any:
    """A copy of `config` in which arguments that it leaves open are filled from `facts` of the same name.

    What the configuration says itself stands; a fact of the data that contradicts it is an error.

    Raises:
        ZooError: a `_target_` that does not exist, an argument that it does not take, still lacks, or that is of
            another kind than it says.
    """
    if isinstance(config, list):
        return [complete(item, facts, f"{where}[{index}]") for index, item in enumerate(config)]
    if not isinstance(config, Mapping):
        return config
    filled = {key: complete(value, facts, _join(where, key)) for key, value in config.items()}
    if "_target_" not in config:
        return filled
    parameters = _parameters(locate(config["_target_"], where))
    for name in parameters:
        if name not in facts:
            continue
        if filled.setdefault(name, facts[name]) != facts[name]:
            raise ZooError(
                f"`{_join(where, name)}` (={filled[name]}) contradicts the data, which says {facts[name]}: leave it out"
            )
    _check_arguments(config["_target_"], filled, parameters, where)
    return filled


def instantiate(config: Any, where: str = "") -> Any:
    """The object that a completed configuration describes, its nested objects included.

    `_partial_: true` gives a function that takes the remaining arguments.

    Raises:
        ZooError: a package that is not installed.
    """
    if isinstance(config, list):
        return [instantiate(item, f"{where}[{index}]") for index, item in enumerate(config)]
    if not isinstance(config, Mapping):
        return config
    arguments = {
        key: instantiate(value, _join(where, key))
        for key, value in config.items()
        if key not in ("_target_", "_partial_")
    }
    if "_target_" not in config:
        return arguments
    target = locate(config["_target_"], where)
    if config.get("_partial_"):
        return partial(target, **arguments)
    try:
        return target(**arguments)
    except ModuleNotFoundError as error:
        raise ZooError(_missing_package(config["_target_"], where, error)) from error


def locate(target: str, where: str = "") -> Callable[..., Any]:
    """The class or function at a full dotted path.

    Raises:
        ZooError: there is none.
    """
    module, _, name = target.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and not module.startswith(error.name):
            raise ZooError(_missing_package(target, where, error)) from error
        raise ZooError(f"`{_join(where, '_target_')}` (={target}) names no module") from error
    except (AttributeError, ValueError) as error:
        raise ZooError(f"`{_join(where, '_target_')}` (={target}) names nothing in `{module}`") from error
    if not callable(found):
        raise ZooError(f"`{_join(where, '_target_')}` (={target}) is no class or function")
    return found


def _parameters(target: Callable[..., Any]) -> Mapping[str, inspect.Parameter]:
    return inspect.signature(target).parameters


def _check_arguments(
    target: str, config: Mapping[str, Any], parameters: Mapping[str, inspect.Parameter], where: str
) -> None:
    if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
        return
    for key in config:
        if not key.startswith("_") and key not in parameters:
            raise ZooError(f"`{_join(where, key)}`: {target} takes {', '.join(parameters) or 'nothing'}")
        _check_kind(target, parameters, key, config[key], where)
    if config.get("_partial_"):
        return
    lacking = [n for n, p in parameters.items() if p.default is inspect.Parameter.empty and n not in config]
    lacking = [n for n in lacking if parameters[n].kind is not inspect.Parameter.VAR_POSITIONAL]
    if lacking:
        raise ZooError(f"`{_join(where, lacking[0])}` is not given, and the data does not say it")


def _check_kind(target: str, parameters: Mapping[str, inspect.Parameter], key: str, value: Any, where: str) -> None:
    """Refuses a word where a number is wanted; only of our own classes is it known that they mean what they say."""
    if key not in parameters or not target.startswith("zoo."):
        return
    if kind := wanted(parameters[key].annotation, value):
        name, quoted = _join(where, key), kind.startswith("text") and isinstance(value, int | float)
        hint = f": in quotes it is, as in {name}=\"'{value}'\"" if quoted else ""
        raise ZooError(f"`{name}` (={'null' if value is None else value}) must be {kind}{hint}")


def _missing_package(target: str, where: str, error: ModuleNotFoundError) -> str:
    quoted = re.search(r"[`']([\w-]+)", str(error))  # Lightning names the package in quotes, Python as an attribute
    package = error.name or (quoted[1] if quoted else str(error))
    command = install_command_for(package)
    return f"`{where}` ({target}) needs the package `{package}`, which is not installed: {command}"


def _join(where: str, key: str) -> str:
    return f"{where}.{key}" if where else str(key)
