"""Errors of the user, reported in one line."""

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """A mistake that the user can correct: what was given, what is allowed, what to type instead.

    Commands print it as one line on standard error and end with exit code 2, without a traceback.
    """


def unknown(what: str, given: str, allowed: Iterable[str], listed: Iterable[str] = ()) -> str:
    """A one-line message: the name that was given, the closest that exists, and all that exist (or those `listed`).

    The last words of dotted names are compared, since names of one place share the others.

    >>> unknown("key", "network.widht", ["network.depth", "network.width"])
    'unknown key `network.widht`: did you mean `network.width`? there are: network.depth, network.width'
    """
    names = sorted(allowed)
    words = {name.rpartition(".")[2]: name for name in names}
    close = difflib.get_close_matches(given.rpartition(".")[2], list(words), n=1, cutoff=0.6)
    hint = f"did you mean `{words[close[0]]}`? " if close else ""
    return f"unknown {what} `{given}`: {hint}there are: {', '.join(sorted(listed) or names) or 'none'}"
