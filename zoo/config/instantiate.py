"""Builds objects from configurations: `_target_` names a class by its full path, the other keys are its arguments."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from zoo.config.signatures import Parameters
from zoo.config.validate import check_arguments, join
from zoo.distribution import install_command_for
from zoo.errors import ZooError


def complete(config: Any, metadata: Mapping[str, Any], where: str = "") -> Any:
    """A copy of `config` that is validated, with open arguments filled from the `metadata` of the same name.

    Raises:
        ZooError: a `_target_` does not exist; an argument is unknown, missing or of another type, or contradicts
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
    """Builds the object that a completed configuration describes, and the objects nested in it.

    `_partial_: true` gives a function that takes the remaining arguments.

    Raises:
        ZooError: a package is not installed.
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


def argument(config: Mapping[str, Any], name: str, otherwise: int) -> int:
    """A whole number among the arguments of a network or of its backbone: as configured, else its class's default."""
    for part in (config, config.get("backbone")):
        if isinstance(part, Mapping):
            parameter = parameters_of(locate(part["_target_"])).get(name)
            value = part.get(name, parameter and parameter.default)
            if isinstance(value, int):
                return value
    return otherwise


def locate(target: str, where: str = "") -> Callable[..., Any]:
    """Imports the class or function at a full dotted path.

    Raises:
        ZooError: it does not exist, or needs a package that is not installed.
    """
    module, _, name = target.rpartition(".")
    try:
        found = getattr(import_module(module), name)
    except ModuleNotFoundError as error:
        if error.name and not module.startswith(error.name):
            raise ZooError(_missing_package(target, where, error)) from error
        raise ZooError(f"`{join(where, '_target_')}` (={target}) names no module") from error
    except (AttributeError, ValueError) as error:
        raise ZooError(f"`{join(where, '_target_')}` (={target}) names nothing in `{module}`") from error
    if not callable(found):
        raise ZooError(f"`{join(where, '_target_')}` (={target}) is no class or function")
    return found


def parameters_of(target: Callable[..., Any]) -> Parameters:
    """Parameters that a class or function takes by keyword."""
    if getattr(target.__init__, "__qualname__", "") == "Module.__init__":
        return {}  # nn.Module's constructor refuses every argument, though its signature is open
    return inspect.signature(target).parameters


def _missing_package(target: str, where: str, error: ModuleNotFoundError) -> str:
    quoted = re.search(r"[`']([\w-]+)", str(error))  # Lightning's errors have no `name`
    package = error.name or (quoted[1] if quoted else str(error))
    command = install_command_for(package)
    return f"`{where}` ({target}) needs the package `{package}`, which is not installed: {command}"
