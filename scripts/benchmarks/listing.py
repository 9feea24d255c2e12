"""Which suites there are; needs no torch."""

from collections.abc import Sequence
from pathlib import Path

from zoo.errors import ZooError, unknown

_FOLDER = Path(__file__).parent / "suites"


def list_suites() -> list[str]:
    """Names of the suites, which is the listing of their folder."""
    return sorted(path.stem for path in _FOLDER.glob("[!_]*.py"))


def check_suites(names: Sequence[str]) -> None:
    """Refuses a name that is no suite.

    Raises:
        ZooError: naming those that are.
    """
    for name in names:
        if name not in list_suites():
            raise ZooError(unknown("suite", str(name), list_suites()))
