"""User errors, reported in one line."""

import difflib
import re
from collections.abc import Iterable, Sequence

_FIRST, _LAST = 2500, 500  # characters of a long message that are kept
_LISTED = 200  # names in a message
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class ZooError(Exception):
    """An error that the user can correct; the message gives the value, what is allowed, and what to type instead.

    Commands print it as one line on standard error and exit with code 2, without a traceback. Line breaks and other
    control characters, which names from a file may have, are escaped, and the middle of a long message is left out.

    >>> print(ZooError("no column `a\\nb`"))
    no column `a\\nb`
    """

    def __init__(self, message: str) -> None:
        if (more := len(message) - _FIRST - _LAST) > 0:
            message = f"{message[:_FIRST]} … ({more:,} characters more) … {message[-_LAST:]}"
        super().__init__(_CONTROL.sub(lambda found: repr(found[0])[1:-1], message))


def first_line(error: BaseException) -> str:
    """Returns the first line of the message of an error, or else the name of its class.

    >>> first_line(ValueError("no digits\\nat byte 3")), first_line(EOFError())
    ('no digits', 'EOFError')
    """
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def unknown(what: str, given: str, allowed: Iterable[str], listed: Iterable[str] = ()) -> str:
    """Returns a one-line message with the unknown name, the closest known name, and all known names.

    Names that are `listed`, as in a file of the configuration, come first. Dotted names are compared by their last
    word, since names of one node share the words before it.

    >>> unknown("key", "network.widht", ["network.depth", "network.width"])
    'unknown key `network.widht`: did you mean `network.width`? there are: network.depth, network.width'
    >>> unknown("key", "network.size", ["network.depth", "network.width"], ["network.width"])
    'unknown key `network.size`: there are: network.width; others of its class: network.depth'
    """
    names = sorted(allowed)
    words = {name.rpartition(".")[2].casefold(): name for name in names}
    close = difflib.get_close_matches(given.rpartition(".")[2].casefold(), list(words), n=1, cutoff=0.6)
    hint = f"did you mean `{words[close[0]]}`? " if close else ""
    listed = set(listed)
    first = [name for name in names if name in listed]
    others = [name for name in names if name not in first] if first else []
    rest = f"; others of its class: {_few(others)}" if others else ""
    return f"unknown {what} `{given:.200}`: {hint}there are: {_few(first or names)}{rest}"


def _few(names: Sequence[str]) -> str:
    more = f", … and {len(names) - _LISTED:,} more" if len(names) > _LISTED else ""
    return (", ".join(names[:_LISTED]) or "none") + more
