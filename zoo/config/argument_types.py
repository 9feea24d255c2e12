"""Checks a value against a simple annotation: int, float, bool, str, None, `Literal`, or a union of these."""

from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
_PLURALS = {
    int: "a list of whole numbers, such as [1, 2]",
    float: "a list of numbers, such as [1, 2]",
    str: "a list of texts, such as [a, b]",
}
_ACCEPTED: dict[type, type] = {int: Integral, float: Real}  # includes NumPy numbers, and an int for a float


def is_simple(annotation: Any) -> bool:
    """Returns whether values of `annotation` can be checked."""
    return bool(_simple_types(annotation))


def type_error(annotation: Any, value: Any) -> str | None:
    """Returns the expected type of a mismatched value, in words; None for a match or an annotation that is not simple.

    The options of a `Literal` are checked by type only, since constructors report unknown ones; beside another type,
    such as a number, by value.

    >>> type_error(int | Literal["auto"], "many")
    'a whole number or auto'
    >>> type_error(float, 3)
    """
    types = _simple_types(annotation)
    if any(_matches(value, accepted) for accepted in types.values()):
        return None
    return " or ".join(types) or None


def list_error(annotation: Any, value: Any) -> str | None:
    """Returns the expected type, in words, of a value that should be a list of simple types.

    >>> list_error(list[float] | None, "auto")
    'a list of numbers, such as [1, 2]'
    """
    members = _members(annotation)
    lists = [member for member in members if get_origin(member) is list and get_args(member)[0] in _PLURALS]
    if not lists or len(lists) + (NoneType in members) != len(members) or (value is None and NoneType in members):
        return None
    (item,) = get_args(lists[0])
    if isinstance(value, list | tuple) and all(type_error(item, part) is None for part in value):
        return None
    return _PLURALS[item]


def length_error(annotation: Any, value: Any) -> str | None:
    """Returns the expected length, in words, of a list for a tuple of fixed length.

    >>> length_error(tuple[float, float], [0.9])
    'a list of 2 values'
    """
    tuples = [get_args(member) for member in _members(annotation) if get_origin(member) is tuple]
    lengths = {len(items) for items in tuples if items and Ellipsis not in items}
    if not isinstance(value, list | tuple) or len(lengths) != 1 or len(tuples) != 1 or len(value) in lengths:
        return None
    return f"a list of {lengths.pop()} values"


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _simple_types(annotation: Any, *, exact: bool = False) -> dict[str, Any]:
    """Returns the simple types of an annotation by their names in messages; empty if any type is not simple.

    An option of a `Literal` stands as its type, or with `exact` as itself.
    """
    if get_origin(annotation) in (Union, UnionType):
        parts = get_args(annotation)
        mixed = any(part is not NoneType and get_origin(part) is not Literal for part in parts)
        members = [_simple_types(part, exact=mixed) for part in parts]
        return {name: member for types in members for name, member in types.items()} if all(members) else {}
    if get_origin(annotation) is Literal:
        return {str(option): option if exact else type(option) for option in get_args(annotation)}
    return {_NAMES[annotation]: annotation} if annotation in _NAMES else {}


def _matches(value: Any, accepted: Any) -> bool:
    if not isinstance(accepted, type):  # an option of a `Literal`
        return type(value) is type(accepted) and value == accepted
    if isinstance(value, bool):  # bool is a subclass of int
        return accepted is bool
    return isinstance(value, _ACCEPTED.get(accepted, accepted))
