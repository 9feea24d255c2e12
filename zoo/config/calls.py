"""Explains wrong calls of public functions by a `ZooError` of one line, in place of Python's errors."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from types import NoneType, UnionType
from typing import Any, ParamSpec, TypeVar, Union, get_args, get_origin

from zoo.config.argument_types import type_error
from zoo.errors import ZooError, unknown

P = ParamSpec("P")
R = TypeVar("R")


def explained_call(function: Callable[P, R]) -> Callable[P, R]:
    """Decorates a function so that arguments which do not fit its signature raise a `ZooError`.

    The type of a value is checked if the function fails on it: its own messages say more.

    >>> from zoo import list_models
    >>> list_models(pretraned=True)
    Traceback (most recent call last):
    zoo.errors.ZooError: unknown argument `pretraned`: did you mean `pretrained`? there are: pattern, pretrained, task
    """
    takes = signature(function).parameters
    called = f"zoo.{function.__qualname__.removesuffix('.__init__')}"
    names = [name for name, one in takes.items() if one.kind is not Parameter.VAR_KEYWORD and name != "self"]

    @wraps(function)
    def explained(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            given = signature(function).bind(*args, **kwargs).arguments
        except TypeError as error:
            strange = next((name for name in kwargs if name not in names), None)
            listed = f"{called}: {error}; it takes: {', '.join(names)}"
            raise ZooError(listed if strange is None else unknown("argument", strange, names)) from None
        try:
            return function(*args, **kwargs)
        except (AttributeError, TypeError, ValueError) as error:
            for name, value in given.items():
                if expected := _expected(takes[name].annotation, value):
                    raise ZooError(f"`{name}` (={value}) must be {expected}") from error
            raise

    return explained


def _expected(annotation: Any, value: Any) -> str | None:
    """The type that a value should have, in words; None if it has it, or if the annotation is no union of classes."""
    if words := type_error(annotation, value):
        return words.replace("null", "None")
    members = get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
    kinds = [get_origin(member) or member for member in members]
    if (
        {Any, Parameter.empty} & {*kinds}
        or not all(isinstance(kind, type) for kind in kinds)
        or isinstance(value, tuple(kinds))
    ):
        return None
    return " or ".join("None" if kind is NoneType else kind.__name__ for kind in kinds)
