"""Docstrings of Python's standard library, labeled by package: available offline."""

import ast
import inspect
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from zoo.data.base import Split
from zoo.data.text.labeled import LabeledTexts, TextClassificationData

CLASSES = {
    "asyncio": ("asyncio",),
    "email": ("email",),
    "importing": ("importlib", "pkgutil.py", "zipimport.py", "runpy.py"),
    "logging": ("logging",),
    "math": ("fractions.py", "statistics.py", "random.py", "_pydecimal.py", "heapq.py", "_pylong.py"),
    "processes": ("multiprocessing", "concurrent", "subprocess.py", "threading.py"),
    "testing": ("unittest", "doctest.py"),
    "web": ("http", "urllib", "html", "socketserver.py", "ftplib.py", "smtplib.py"),
}
"""Class names, and the modules and packages whose docstrings belong to them."""
_SHORTEST = 20  # characters


@dataclass(kw_only=True, eq=False)
class StdlibDocstrings(TextClassificationData):
    """Docstrings of functions and classes; the class is what their module is about.

    Equal docstrings count once. The source files are parsed and not imported. The texts depend on the version of
    Python.
    """

    def read(self) -> tuple[dict[Split, LabeledTexts], list[str]]:
        """All docstrings, in the order of their files."""
        found = _labeled()
        return {"train": LabeledTexts(list(found), np.array(list(found.values())))}, list(CLASSES)


@cache  # parsing takes seconds
def _labeled() -> dict[str, int]:
    """Each docstring, and the number of its class."""
    root = Path(sysconfig.get_path("stdlib"))
    found: dict[str, int] = {}
    for number, modules in enumerate(CLASSES.values()):
        for module in modules:
            for text in _docstrings(root / module):
                found.setdefault(text, number)
    return found


def _docstrings(place: Path) -> Iterator[str]:
    files = sorted(place.rglob("*.py")) if place.is_dir() else [place] if place.is_file() else []
    for file in files:
        for node in ast.walk(ast.parse(file.read_bytes())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                text = " ".join(inspect.cleandoc(ast.get_docstring(node) or "").split())
                if len(text) >= _SHORTEST:
                    yield text
