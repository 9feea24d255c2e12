"""What a `_target_` takes, read from its source text, so that a typing error costs no import of torch."""

import ast
from functools import cache
from importlib.machinery import PathFinder
from pathlib import Path


@cache
def parameters(target: str) -> frozenset[str] | None:
    """Names of the parameters of the class or function at a full dotted path.

    None where the source cannot tell: no such file, a `**kwargs`, or a constructor inherited from another file.

    >>> "lr" in parameters("torch.optim.adamw.AdamW")
    True
    """
    module, _, name = target.rpartition(".")
    source = _source(module)
    if source is None:
        return None
    tree = ast.parse(source.read_text(encoding="utf-8"))
    return _parameters(tree, name)


def _source(module: str) -> Path | None:
    package, *rest = module.split(".")
    spec = PathFinder.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return Path(spec.origin) if spec is not None and spec.origin and not rest else None
    path = Path(next(iter(spec.submodule_search_locations))).joinpath(*rest)
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


def _parameters(tree: ast.Module, name: str) -> frozenset[str] | None:
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:  # a package that re-exports the name
            original = {alias.asname or alias.name: alias.name for alias in node.names}
            if name in original:
                return parameters(f"{node.module}.{original[name]}")
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return _arguments(node)
        if isinstance(node, ast.ClassDef) and node.name == name:
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    return _arguments(item)
            bases = [base.id for base in node.bases if isinstance(base, ast.Name)]
            return next((found for base in bases if (found := _parameters(tree, base)) is not None), None)
    return None


def _arguments(function: ast.FunctionDef) -> frozenset[str] | None:
    if function.args.kwarg is not None:
        return None
    arguments = function.args.posonlyargs + function.args.args + function.args.kwonlyargs
    return frozenset(argument.arg for argument in arguments) - {"self"}
