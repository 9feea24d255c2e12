"""Optional modules beside a task class: `report.py`, `baselines.py`, `predict.py`."""

from importlib import import_module
from importlib.util import find_spec
from types import ModuleType


def companion(task: type, name: str) -> ModuleType | None:
    """The module `name` in the package of a task class, or of its nearest base class that has one.

    None if no class has one. A class outside a package has no such modules.
    """
    for base in task.__mro__:
        package = base.__module__.rpartition(".")[0]
        if package == __package__:  # `Task` itself
            break
        if package and find_spec(f"{package}.{name}") is not None:
            return import_module(f"{package}.{name}")
    return None
