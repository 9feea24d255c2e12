"""Validates configurations: unknown keys, missing arguments, wrong types and empty values.

A command is validated twice by the same rules. `validate` uses signatures from source text, before torch is imported.
`check_arguments` uses the imported class, after the metadata of the data has been filled in.
"""

import math
from collections.abc import Mapping
from inspect import Parameter
from types import NoneType
from typing import Any

from zoo.config.argument_types import is_simple, length_error, list_error, type_error
from zoo.config.other_words import advice, unread
from zoo.config.signatures import Parameters, parameters
from zoo.errors import ZooError, unknown

_UNLISTED: Any = object()
_COMPLETE = ("trainer",)  # nodes of which a command reads each listed key itself
_NOT_ONLY_TEXT = ("source", "seed", "threshold", "name", "gallery")  # keys of a command that check their own kinds


def validate(config: Mapping[str, Any], listed: Mapping[str, Any]) -> None:
    """Checks the configuration of a command without importing its target classes.

    `listed` is the configuration of its group options without other overrides. Its values define the types of
    arguments without a simple annotation.

    Raises:
        ZooError: a key that is unknown or that the command sets itself, or a value of the wrong type.
    """
    for key in config:
        if key not in listed:
            here = advice(key, str(config[key]), listed)
            raise ZooError(f"unknown key `{key}`: here it is {here}" if here else unknown("key", key, listed))
    _require_listed("", config, listed)
    for node in _COMPLETE:
        _require_listed(node, config.get(node), listed.get(node))
        for key in config.get(node) or {}:
            if message := unread(join(node, key)):
                raise ZooError(message)
    _check_node("", config, listed)


def check_arguments(target: str, arguments: Mapping[str, Any], takes: Parameters, where: str) -> None:
    """Checks the completed arguments of a target with the parameters `takes`.

    Raises:
        ZooError: an argument that is unknown, missing or of the wrong type.
    """
    _check_keys(where, arguments, takes, {})
    for name, value in arguments.items():
        check_value(join(where, name), value, _annotation(target, takes, name, value))
        if expected := length_error(takes[name].annotation if name in takes else Any, value):
            raise ZooError(f"`{join(where, name)}` (={value}) must be {expected}")
    if not arguments.get("_partial_"):
        for name, parameter in takes.items():
            if _required(parameter) and name not in arguments:
                raise ZooError(not_given(join(where, name), "+"))


def check_value(path: str, value: Any, annotation: Any = Any, listed: Any = _UNLISTED) -> None:
    """Checks the type of a value against its annotation, or else against the type of the value `listed`.

    Raises:
        ZooError: the value is empty or of the wrong type.
    """
    if value is None and isinstance(listed, str) and listed.startswith("${"):
        return  # the command fills it in, as `evaluate` does with the seed of the checkpoint
    if isinstance(value, float) and math.isnan(value):
        raise ZooError(f"`{path}` (=nan) must be a number")
    if is_simple(annotation):
        expected = type_error(annotation, value)
    else:
        expected = _unlike(listed, value, path) or list_error(annotation, value)
    path = path.removeprefix("options.")  # as the user wrote it
    if value == "" and (expected or listed not in ("", _UNLISTED)):
        raise ZooError(f"`{path}` is empty: write a value after the =, or null")
    if expected is None:
        return
    hint = f", such as {listed}" if _is_number(listed) else ""
    if expected.startswith("text") and _is_number(value):
        hint = f"; quotes make it text: {path}=\"'{value}'\""
    raise ZooError(f"`{path}` (={'null' if value is None else value}) must be {expected}{hint}")


def not_given(path: str, plus: str = "") -> str:
    """Returns the message for a missing value; `plus` is "+" for a key that no file lists."""
    return f"`{path}` is not given: add {plus}{path}=… to the command"


def join(where: str, key: str | int) -> str:
    """Returns the path of a key below `where`: `model.network`, or `layers[0]` for an index."""
    if isinstance(key, int):
        return f"{where}[{key}]"
    return f"{where}.{key}" if where else key


def _require_listed(where: str, node: Any, listed: Any) -> None:
    if isinstance(node, Mapping) and isinstance(listed, Mapping):
        for key in listed:
            if key not in node:
                path = join(where, key)
                raise ZooError(f"`~{path}` removes a value that the command reads: write {path}=… instead")


def _check_node(path: str, node: Any, listed: Any, annotation: Any = Any) -> None:
    if node is None and isinstance(listed, str) and "${" in listed:
        return  # an interpolated key that is null: the command fills it in later, e.g. the seed from a checkpoint
    check_value(path, node, annotation, listed)
    if isinstance(node, list):
        for index, item in enumerate(node):
            _check_node(join(path, index), item, _UNLISTED)
    if isinstance(node, Mapping):
        target = node.get("_target_")
        takes = parameters(target) if isinstance(target, str) else None
        below = listed if isinstance(listed, Mapping) else {}
        if takes is not None:
            _check_keys(path, node, takes, below)
        # Plain values first: `seed` is named before `data.seed`, which refers to it.
        for key, value in sorted(node.items(), key=lambda item: isinstance(item[1], Mapping)):
            _check_node(join(path, key), value, below.get(key), _annotation(target, takes or {}, key, value))


def settable(node: Mapping[str, Any], takes: Parameters) -> list[str]:
    """Returns the parameters that a configuration sets: of a `_partial_` one, the caller gives a required first."""
    names = list(takes)
    return names[1:] if node.get("_partial_") and names and _required(takes[names[0]]) else names


def _check_keys(where: str, given: Mapping[str, Any], takes: Parameters, listed: Mapping[str, Any]) -> None:
    if any(parameter.kind is Parameter.VAR_KEYWORD for parameter in takes.values()):
        return
    names = settable(given, takes)
    strays = [key for key in given if not key.startswith("_") and key not in takes]
    other = "_target_" in listed and listed["_target_"] != given.get("_target_")
    if other and (left := [key for key in strays if key in listed]):
        removals, taken = " ".join(f"~{join(where, key)}" for key in left), ", ".join(names)
        raise ZooError(
            f"`{join(where, left[0])}` is not for this class: add {removals} to the command; it takes {taken}"
        )
    if strays:
        known = [join(where, name) for name in names]
        raise ZooError(unknown("key", join(where, strays[0]), known, [join(where, key) for key in listed]))


def _annotation(target: Any, takes: Parameters, name: str, value: Any) -> Any:
    """Returns the annotation of a parameter, or `Any` if the value is not to be checked against it.

    Outside the zoo only text and booleans are checked: a class with `width: int` may well take a list, but no word.
    True or false is the exception, of which no other number is a variety.
    """
    if name == "_target_":
        return str
    if name not in takes:
        return Any
    annotation = takes[name].annotation
    own = isinstance(target, str) and target.startswith("zoo.")
    return annotation if own or isinstance(value, str | bool) or annotation in (bool, bool | None) else Any


def _required(parameter: Parameter) -> bool:
    variadic = parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
    return parameter.default is Parameter.empty and not variadic


def _unlike(listed: Any, value: Any, path: str) -> str | None:
    """Returns the type of the listed value, in words, if `value` has another type."""
    if isinstance(listed, Mapping) and "_target_" in listed and not isinstance(value, Mapping | NoneType):
        return "keys with a `_target_`, which names a class"
    if path and "." not in path and path not in _NOT_ONLY_TEXT and _takes_text(listed):
        return None if isinstance(value, str if listed else str | NoneType) else "text"
    if _is_number(listed) and isinstance(value, str | bool):
        return "a number"
    if "." not in path and type(listed) is int and isinstance(value, float | list | NoneType):
        return "a whole number"
    if isinstance(listed, bool) and not isinstance(value, bool):
        return "true or false"
    below_group = "." in path  # a top-level option may be a single word, as in suites=mnist
    if below_group and isinstance(listed, list) and isinstance(value, str | int | float):
        return f"a list, such as [{value}]"
    return None


def _takes_text(listed: Any) -> bool:
    """Whether a key of a command takes text, as its listed value says; `auto` may stand beside other kinds."""
    return listed is None or (isinstance(listed, str) and listed != "auto" and "${" not in listed)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
