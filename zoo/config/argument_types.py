"""Checks a value against the annotation of an argument."""

from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
_ACCEPTED: dict[type, type] = {int: Integral, float: Real}  # NumPy's numbers too, and an int where a float is expected


def is_simple(annotation: Any) -> bool:
    """Whether `annotation` is one that is checked: int, float, bool, str, None, `Literal` or a union of these."""
    return bool(_simple_types(annotation))


def type_error(annotation: Any, value: Any) -> str | None:
    """The expected type of a value that does not match `annotation`, in words; None if it matches or is not simple.

    The options of a `Literal` are checked by their type alone: the constructor names the options that it knows.

    >>> type_error(int | Literal["auto"], 2.5)
    'a whole number or auto'
    >>> type_error(float, 3)
    """
    types = _simple_types(annotation)
    if any(_matches(value, accepted) for accepted in types.values()):
        return None
    return " or ".join(types) or None


def _simple_types(annotation: Any) -> dict[str, type]:
    """The simple types of an annotation by their names in messages; empty if it has any other type."""
    if get_origin(annotation) in (Union, UnionType):
        members = [_simple_types(member) for member in get_args(annotation)]
        return {name: member for types in members for name, member in types.items()} if all(members) else {}
    if get_origin(annotation) is Literal:
        return {str(option): type(option) for option in get_args(annotation)}
    return {_NAMES[annotation]: annotation} if annotation in _NAMES else {}


def _matches(value: Any, accepted: type) -> bool:
    if isinstance(value, bool):  # an int to Python
        return accepted is bool
    return isinstance(value, _ACCEPTED.get(accepted, accepted))
