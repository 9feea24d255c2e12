"""Reads the parameters of a `_target_` from its source text, so that validation runs without importing torch."""

import ast
from collections.abc import Mapping
from functools import cache
from importlib.machinery import PathFinder
from inspect import Parameter
from pathlib import Path
from types import NoneType
from typing import Any, Literal, NamedTuple, Union

Parameters = Mapping[str, Parameter]
_SIMPLE = {"int": int, "float": float, "bool": bool, "str": str}


@cache
def parameters(target: str) -> Parameters | None:
    """Returns the parameters of the class or function at a dotted path, or None if it has no Python source.

    They equal those of `inspect.signature`, but all defaults are `...` and only simple annotations are evaluated. A
    dataclass or named tuple has its fields as parameters, with inherited ones, also from other files.

    >>> parameters("torch.optim.adamw.AdamW")["weight_decay"].default
    Ellipsis
    """
    found = _definition(target)
    if found is None:
        return None
    if isinstance(found.node, ast.FunctionDef):
        return _of_function(found.node)
    if constructor := _constructor(found.node):
        return _of_function(constructor, method=True)
    if _declares_fields(found.node):
        return {name: parameter for name, parameter in _fields(target).items() if parameter}
    if not found.node.bases or "nn.Module" in map(ast.unparse, found.node.bases):
        return {}  # nn.Module's constructor rejects all arguments, in spite of its signature *args, **kwargs
    inherited = (parameters(base) for base in found.bases)
    return next((taken for taken in inherited if taken is not None), None)


def metadata_names(target: str) -> set[str]:
    """Returns the names of the metadata of a data module: the keys in the `metadata` methods of it and its bases.

    >>> "num_classes" in metadata_names("zoo.data.images.digits.Digits")
    True
    """
    found = _definition(target)
    if found is None or isinstance(found.node, ast.FunctionDef):
        return set()
    methods = [node for node in found.node.body if isinstance(node, ast.FunctionDef) and node.name == "metadata"]
    keys = [key for node in methods for item in ast.walk(node) if isinstance(item, ast.Dict) for key in item.keys]
    own = {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
    return own.union(*map(metadata_names, found.bases))


class _Definition(NamedTuple):
    """A function or class in the syntax tree of the module that defines it."""

    module: str
    node: ast.FunctionDef | ast.ClassDef

    @property
    def bases(self) -> list[str]:
        """Dotted paths of the base classes, by their names in the module."""
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


def _fields(target: str) -> dict[str, Parameter | None]:
    """Returns the fields of a dataclass or named tuple, with inherited ones; None for `field(init=False)`."""
    found = _definition(target)
    if found is None or isinstance(found.node, ast.FunctionDef) or _constructor(found.node):
        return {}
    fields = {name: parameter for base in reversed(found.bases) for name, parameter in _fields(base).items()}
    if _declares_fields(found.node):
        for item in found.node.body:
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name) and not _is_class_variable(item):
                fields[item.target.id] = _of_field(item.target.id, item)
    return fields


def _declares_fields(node: ast.ClassDef) -> bool:
    decorators = [item.func if isinstance(item, ast.Call) else item for item in node.decorator_list]
    is_dataclass = any(ast.unparse(decorator) in ("dataclass", "dataclasses.dataclass") for decorator in decorators)
    return is_dataclass or "NamedTuple" in map(ast.unparse, node.bases)


def _is_class_variable(item: ast.AnnAssign) -> bool:
    return "ClassVar" in ast.unparse(item.annotation)


def _of_field(name: str, item: ast.AnnAssign) -> Parameter | None:
    default = item.value
    if isinstance(default, ast.Call) and ast.unparse(default.func) in ("field", "dataclasses.field"):
        options = {option.arg: option.value for option in default.keywords}
        if "init" in options and ast.unparse(options["init"]) == "False":
            return None
        default = options.get("default") or options.get("default_factory")
    return _parameter(ast.arg(name, item.annotation), default, Parameter.KEYWORD_ONLY)


def _constructor(node: ast.ClassDef) -> ast.FunctionDef | None:
    return next((item for item in node.body if isinstance(item, ast.FunctionDef) and item.name == "__init__"), None)


def _of_function(function: ast.FunctionDef, *, method: bool = False) -> Parameters:
    given = function.args
    positional = [*given.posonlyargs, *given.args]
    defaults = [None] * (len(positional) - len(given.defaults)) + [*given.defaults]
    found = [
        _parameter(argument, default, Parameter.POSITIONAL_OR_KEYWORD)
        for argument, default in zip(positional, defaults, strict=True)
    ]
    found += [_parameter(given.vararg, None, Parameter.VAR_POSITIONAL)] if given.vararg else []
    found += [
        _parameter(argument, default, Parameter.KEYWORD_ONLY)
        for argument, default in zip(given.kwonlyargs, given.kw_defaults, strict=True)
    ]
    found += [_parameter(given.kwarg, None, Parameter.VAR_KEYWORD)] if given.kwarg else []
    return {parameter.name: parameter for parameter in found[int(method) :]}


def _parameter(argument: ast.arg, default: ast.expr | None, kind: Any) -> Parameter:
    required = default is None
    return Parameter(
        argument.arg, kind, default=Parameter.empty if required else ..., annotation=_annotation(argument.annotation)
    )


def _annotation(node: ast.expr | None) -> Any:
    """Evaluates an annotation of simple types; returns `Any` for all other types."""
    match node:
        case None:
            return Parameter.empty
        case ast.Constant(value=None):
            return NoneType
        case ast.Name(id=name) if name in _SIMPLE:
            return _SIMPLE[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return Union[_annotation(left), _annotation(right)]  # noqa: UP007
        case ast.Subscript(value=ast.Name(id="Literal"), slice=options):
            return Literal[ast.literal_eval(options)]
    return Any
