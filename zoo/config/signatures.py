"""Constructor arguments of a `_target_`, read from its source text: a typing error costs no import of torch."""

import ast
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path
from typing import NamedTuple


@cache
def parameters(target: str) -> frozenset[str] | None:
    """Names of the parameters of the class or function at a full dotted path.

    A dataclass takes its fields and those that it inherits, also from other files.
    None if the source leaves them open: no such file, no such name, or a `**kwargs`.

    >>> "lr" in parameters("torch.optim.adamw.AdamW")
    True
    """
    found = _definition(target)
    if found is None:
        return None
    if isinstance(found.node, ast.FunctionDef):
        return _arguments(found.node)
    if constructor := _constructor(found.node):
        return _arguments(constructor)
    if _is_dataclass(found.node):
        return frozenset(name for name, is_argument in _fields(target).items() if is_argument)
    inherited = (parameters(base) for base in found.bases)
    return next((names for names in inherited if names is not None), None)


class _Definition(NamedTuple):
    """A function or class in the syntax tree of the module that defines it."""

    module: str
    node: ast.FunctionDef | ast.ClassDef

    @property
    def bases(self) -> list[str]:
        """Base classes, under the names that they have in the module."""
        bases = self.node.bases if isinstance(self.node, ast.ClassDef) else []
        return [f"{self.module}.{base.id}" for base in bases if isinstance(base, ast.Name)]


def _definition(target: str) -> _Definition | None:
    module, _, name = target.rpartition(".")
    tree = _tree(module)
    for node in tree.body if tree else []:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:  # the module only re-exports the name
            original = {alias.asname or alias.name: alias.name for alias in node.names}
            if name in original:
                return _definition(f"{node.module}.{original[name]}")
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and node.name == name:
            return _Definition(module, node)
    return None


@cache
def _tree(module: str) -> ast.Module | None:
    source = _source(module)
    return ast.parse(source.read_text(encoding="utf-8")) if source else None


def _source(module: str) -> Path | None:
    package, *rest = module.split(".")
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path(spec.origin) if spec is not None and spec.origin and not rest else None
    path = Path(next(iter(spec.submodule_search_locations))).joinpath(*rest)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _fields(target: str) -> dict[str, bool]:
    """Fields of a dataclass, inherited ones included; False for those with `field(init=False)`."""
    found = _definition(target)
    if found is None or isinstance(found.node, ast.FunctionDef) or _constructor(found.node):
        return {}
    fields = {name: is_argument for base in reversed(found.bases) for name, is_argument in _fields(base).items()}
    if _is_dataclass(found.node):
        for item in found.node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not _is_class_variable(item):
                fields[item.target.id] = not _is_left_out(item.value)
    return fields


def _is_dataclass(node: ast.ClassDef) -> bool:
    decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    return any(ast.unparse(decorator) in ("dataclass", "dataclasses.dataclass") for decorator in decorators)


def _is_class_variable(item: ast.AnnAssign) -> bool:
    return "ClassVar" in ast.unparse(item.annotation)


def _is_left_out(value: ast.expr | None) -> bool:
    options = value.keywords if isinstance(value, ast.Call) else []
    return any(option.arg == "init" and ast.unparse(option.value) == "False" for option in options)


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)


def _arguments(function: ast.FunctionDef) -> frozenset[str] | None:
    if function.args.kwarg is not None:
        return None
    arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return frozenset(argument.arg for argument in arguments) - {"self"}
