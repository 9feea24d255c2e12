"""Runs suites one after the other and reports each row when it is measured."""

from collections.abc import Callable, Iterable, Sequence
from importlib import import_module

import torch

from benchmarks.cases import Case, Row, run
from benchmarks.listing import check_suites
from benchmarks.peers import keep_to_themselves
from benchmarks.results import line
from benchmarks.settings import Settings
from zoo.errors import ZooError
from zoo.run.console import quiet_lightning

_SUITES = "benchmarks.suites"


def resolve_device(requested: str) -> torch.device:
    """Returns the device of `auto`, `cpu` or `cuda`; `auto` selects CUDA if available.

    Raises:
        ZooError: `cuda` without a CUDA device.
    """
    if requested == "cuda" and not torch.cuda.is_available():
        raise ZooError("`--device` (=cuda) needs a CUDA device and none was found: use --device auto or --device cpu")
    return torch.device("cuda" if torch.cuda.is_available() and requested != "cpu" else "cpu")


def run_suites(names: Sequence[str], settings: Settings, say: Callable[[str], None]) -> dict[str, list[Row]]:
    """Runs the suites; returns the rows of each.

    Raises:
        ZooError: an unknown suite.
    """
    check_suites(names)
    quiet_lightning()
    keep_to_themselves(settings.scratch)
    found: dict[str, list[Row]] = {}
    for name in names:
        say(f"\n{name}")
        found[name] = []
        cases: Iterable[Case] = import_module(f"{_SUITES}.{name}").cases(settings)
        for case in cases:
            row = run(case, judged=not settings.quick)
            found[name].append(row)
            say(line(row))
    return found
