"""Names of classes or identities that are read apart and may be one."""

import logging
from collections.abc import Mapping

_log = logging.getLogger(__name__)


def log_alike(spellings: Mapping[str, str], what: str, remedy: str) -> None:
    """Logs names of one spelling, which are read as two of `what`; `remedy` says how to make them one."""
    first: dict[str, str] = {}
    for name, spelling in spellings.items():
        other = first.setdefault(spelling, name)
        if other != name:
            _log.warning("`%s` and `%s` are read as two %s: if they are one, %s", other, name, what, remedy)
