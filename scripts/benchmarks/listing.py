"""Lists the suites without importing torch."""

from collections.abc import Sequence
from pathlib import Path

from zoo.errors import ZooError, unknown

_FOLDER = Path(__file__).parent / "suites"


def list_suites() -> list[str]:
    """Returns the names of the suites: the modules of their folder, sorted."""
    return sorted(path.stem for path in _FOLDER.glob("[!_]*.py"))


def check_suites(names: Sequence[str]) -> None:
    """Checks the names of suites.

    Raises:
        ZooError: an unknown name; lists the known ones.
    """
    for name in names:
        if name not in list_suites():
            raise ZooError(unknown("suite", str(name), list_suites()))
