"""Checks options of a task against the signature of the method that takes them."""

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from zoo.config.argument_types import type_error
from zoo.errors import ZooError

_GIVEN_BY_COMMANDS = {"format", "with_preprocessing"}


def new_folder(folder: str | Path) -> Path:
    """Returns the path of a folder to write to.

    Raises:
        ZooError: a file is there.
    """
    if Path(folder).exists() and not Path(folder).is_dir():
        raise ZooError(f"`folder` (={folder}) is a file: give a folder")
    return Path(folder)


def check_options(function: Callable[..., Any], options: Mapping[str, Any], *, kind: str) -> dict[str, Any]:
    """Checks options against the keyword-only parameters of `function`; null selects the default.

    An integer written as a float, such as 1e3, is accepted for an integer.

    Raises:
        ZooError: an option that the function does not take, or a value of another type.
    """
    parameters = {
        name: parameter
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY and name not in _GIVEN_BY_COMMANDS
    }
    checked = {}
    for name, value in options.items():
        if name not in parameters:
            known = f"it takes: {', '.join(parameters)}" if parameters else "it takes no options"
            raise ZooError(f"`{name}` means nothing to a {kind} model; {known}")
        if value is not None:
            checked[name] = _checked(name, value, parameters[name].annotation)
    return checked


def _checked(name: str, value: Any, annotation: Any) -> Any:
    expected = type_error(annotation, value)
    if expected is None:
        return value
    if isinstance(value, float) and value.is_integer() and type_error(annotation, int(value)) is None:
        return int(value)
    raise ZooError(f"`{name}` (={value}) must be {expected.removesuffix(' or null')}")
