"""Instantiates objects from configurations: `_target_` is the path of a class, the other keys are its arguments."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from zoo.config.signatures import Parameters
from zoo.config.validate import check_arguments, join
from zoo.distribution import install_command_for, is_of_an_extra
from zoo.errors import ZooError


def complete(config: Any, metadata: Mapping[str, Any], where: str = "") -> Any:
    """Returns a validated copy of `config`, in which `metadata` of the same name fills missing arguments.

    Raises:
        ZooError: an unknown `_target_`; an argument that is unknown, missing, of the wrong type, or in conflict with
            the metadata of the data.
    """
    if isinstance(config, list):
        return [complete(item, metadata, join(where, index)) for index, item in enumerate(config)]
    if not isinstance(config, Mapping):
        return config
    filled = {key: complete(value, metadata, join(where, key)) for key, value in config.items()}
    if "_target_" not in config:
        return filled
    takes = parameters_of(locate(config["_target_"], where))
    for name in takes:
        if name in metadata and filled.setdefault(name, metadata[name]) != (known := metadata[name]):
            path = join(where, name)
            raise ZooError(f"`{path}` (={filled[name]}) contradicts the data, which says {known}: leave it out")
    check_arguments(config["_target_"], filled, takes, where)
    return filled


def instantiate(config: Any, where: str = "") -> Any:
    """Instantiates the object of a completed configuration, with its nested objects.

    `_partial_: true` returns a `functools.partial` of the target.

    Raises:
        ZooError: a required package is not installed.
    """
    if isinstance(config, list):
        return [instantiate(item, join(where, index)) for index, item in enumerate(config)]
    if not isinstance(config, Mapping):
        return config
    arguments = {
        key: instantiate(value, join(where, key))
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


def argument(config: Mapping[str, Any], name: str, otherwise: Any) -> Any:
    """A whole number, or several, of a network or of its backbone: as configured, else the default of its class."""
    for part in (config, config.get("backbone")):
        if isinstance(part, Mapping):
            parameter = parameters_of(locate(part["_target_"])).get(name)
            value = part.get(name, parameter and parameter.default)
            if isinstance(value, int | list | tuple):
                return value
    return otherwise


def locate(target: str, where: str = "") -> Callable[..., Any]:
    """Imports the class or function at a full dotted path.

    Raises:
        ZooError: the path does not exist, or requires a package that is not installed.
    """
    module, _, name = target.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and (not module.startswith(error.name) or is_of_an_extra(error.name)):
            raise ZooError(_missing_package(target, where, error)) from error
        raise ZooError(f"`{join(where, '_target_')}` (={target}) names no module") from error
    except (AttributeError, ValueError) as error:
        raise ZooError(f"`{join(where, '_target_')}` (={target}) names nothing in `{module}`") from error
    if not callable(found):
        raise ZooError(f"`{join(where, '_target_')}` (={target}) is no class or function")
    return found


def parameters_of(target: Callable[..., Any]) -> Parameters:
    """Returns the parameters of a class or function."""
    if getattr(target.__init__, "__qualname__", "") == "Module.__init__":
        return {}  # nn.Module's constructor rejects all arguments, in spite of its signature *args, **kwargs
    return inspect.signature(target).parameters


def defaults_of(target: Callable[..., Any]) -> dict[str, Any]:
    """Returns the arguments of a class or function that have a default."""
    parameters = parameters_of(target).values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


def _missing_package(target: str, where: str, error: ModuleNotFoundError) -> str:
    quoted = re.search(r"[`']([\w-]+)", str(error))  # errors raised by Lightning lack `name`
    package = error.name or (quoted[1] if quoted else str(error))
    command = install_command_for(package)
    return f"`{where}` ({target}) needs the package `{package}`, which is not installed: {command}"
