"""Whether a value is what the annotation of an argument says, where that says numbers, text, true or false."""

from numbers import Integral, Real
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

_SAID = {int: "a whole number", float: "a number", bool: "true or false", str: "text", NoneType: "null"}
_AS: dict[type, type] = {int: Integral, float: Real}  # numpy's numbers too, and an int is a float


def wanted(annotation: Any, value: Any) -> str | None:
    """What `value` must be and is not; None where it is, or where the annotation allows other things than these.

    Which of its words a `Literal` allows is left to whoever reads it.

    >>> wanted(int | Literal["auto"], 2.5)
    'a whole number or auto'
    >>> wanted(float, 3)
    """
    kinds = _kinds(annotation)
    if any(_is(value, kind) for kind in kinds.values()):
        return None
    return " or ".join(kinds) or None


def _kinds(annotation: Any) -> dict[str, type]:
    """The simple types of an annotation by what they are called; none where it has another one too."""
    if get_origin(annotation) in (Union, UnionType):
        parts = [_kinds(part) for part in get_args(annotation)]
        return {name: kind for part in parts for name, kind in part.items()} if all(parts) else {}
    if get_origin(annotation) is Literal:
        return {str(word): type(word) for word in get_args(annotation)}
    return {_SAID[annotation]: annotation} if annotation in _SAID else {}


def _is(value: Any, kind: type) -> bool:
    if isinstance(value, bool):  # an int to Python
        return kind is bool
    return isinstance(value, _AS.get(kind, kind))
