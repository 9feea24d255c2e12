"""Explains wrong calls of public functions by a `ZooError` of one line, in place of Python's errors."""

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from typing import ParamSpec, TypeVar

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
                if expected := type_error(takes[name].annotation, value):
                    raise ZooError(f"`{name}` (={value}) must be {expected.replace('null', 'None')}") from error
            raise

    return explained
