"""Finds where a package uses private parts of other packages: names that begin with one underscore."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

PUBLIC = {"_asdict", "_fields", "_make", "_replace", "_exit"}  # of named tuples and `os`, in spite of the underscore


def uses(root: Path, package: str) -> Iterator[tuple[str, str]]:
    """Yield the private name and the file, below `root`, of each use of another package's private part."""
    files = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted((root / package).rglob("*.py"))}
    own = {name for tree in files.values() for name in _defined(tree)} | PUBLIC
    for path, tree in files.items():
        file = path.relative_to(root).as_posix()
        module = import_module(file.removesuffix(".py").replace("/", ".").removesuffix(".__init__"))
        for name in _imported(tree, package) | _inherited(tree, module) | (_attributes(tree) - own):
            yield name, file


def exists(part: str) -> bool:
    """Return whether a dotted path leads to something, be it an attribute that only instances of a class have."""
    names = part.split(".")
    found: object = import_module(names[0])
    for index, name in enumerate(names[1:], start=1):
        if isinstance(found, ModuleType) and not hasattr(found, name):
            try:
                import_module(".".join(names[: index + 1]))
            except ModuleNotFoundError:
                return False
        if not hasattr(found, name):
            return inspect.isclass(found) and any(name in private_names(base) for base in found.__mro__)
        found = getattr(found, name)
    return True


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def _imported(tree: ast.AST, package: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] != package:
            found |= {*node.module.split("."), *(alias.name for alias in node.names)}
        elif isinstance(node, ast.Import):
            found |= {name for alias in node.names for name in alias.name.split(".")}
    return {name for name in found if is_private(name)}


def _inherited(tree: ast.AST, module: ModuleType) -> set[str]:
    """Private names of a base class that a class uses or, by intention or not, replaces."""
    found: set[str] = set()
    for node in ast.walk(tree):
        built = getattr(module, node.name, None) if isinstance(node, ast.ClassDef) else None
        if inspect.isclass(built):
            of_bases = {name for base in built.__mro__ if _foreign(base) for name in private_names(base)}
            found |= of_bases & (_defined(node) | _attributes(node))
    return found


def _foreign(base: type) -> bool:
    root = base.__module__.split(".")[0]
    return root != "zoo" and root not in sys.stdlib_module_names


@cache
def private_names(base: type) -> frozenset[str]:
    """Return the private attributes of a class and those that its methods assign to `self`."""
    names = {*vars(base), *vars(base).get("__annotations__", ())}
    with suppress(OSError, TypeError):  # a class written in C has no source
        names |= set(re.findall(r"\bself\.(_\w+)\s*(?:=[^=]|:)", inspect.getsource(base)))
    return frozenset(name for name in names if is_private(name))


def _defined(tree: ast.AST) -> set[str]:
    """Private names that a file or a class defines."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.Name | ast.Attribute) and isinstance(node.ctx, ast.Store):
            found.add(node.id if isinstance(node, ast.Name) else node.attr)
    return {name for name in found if is_private(name)}


def _attributes(tree: ast.AST) -> set[str]:
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and is_private(node.attr)}
