"""User errors, reported in one line."""

import difflib
from collections.abc import Iterable


class ZooError(Exception):
    """An error that the user can correct; the message gives the value, what is allowed, and what to type instead.

    Commands print it as one line on standard error and exit with code 2, without a traceback.
    """


def first_line(error: BaseException) -> str:
    """Returns the first line of the message of an error, or else the name of its class.

    >>> first_line(ValueError("no digits\\nat byte 3")), first_line(EOFError())
    ('no digits', 'EOFError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def unknown(what: str, given: str, allowed: Iterable[str], listed: Iterable[str] = ()) -> str:
    """Returns a one-line message with the unknown name, the closest known name, and all known names (or `listed`).

    Dotted names are compared by their last word, since names of one node share the words before it.

    >>> unknown("key", "network.widht", ["network.depth", "network.width"])
    'unknown key `network.widht`: did you mean `network.width`? there are: network.depth, network.width'
    """
    names = sorted(allowed)
    words = {name.rpartition(".")[2].casefold(): name for name in names}
    close = difflib.get_close_matches(given.rpartition(".")[2].casefold(), list(words), n=1, cutoff=0.6)
    hint = f"did you mean `{words[close[0]]}`? " if close else ""
    return f"unknown {what} `{given}`: {hint}there are: {', '.join(sorted(listed) or names) or 'none'}"
