"""Checks tensors of a file against those of a network, before anything is allocated for them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from zoo.errors import ZooError
from zoo.tensor_files.builders import Unusual


def require_plain_tensor(path: str | Path, name: str, value: Any, like: Tensor | None = None) -> None:
    """Checks that a weight is a dense tensor of finite numbers, and of the kind of `like`.

    Raises:
        ZooError: names the weight.
    """
    if kind := _unusual(value, like):
        raise ZooError(f"{path}: `{name}` is {kind}, where plain numbers are expected")
    if not _finite(value):
        raise ZooError(f"{path}: `{name}` holds NaN or infinite values: its training has diverged, or it was damaged")


def mismatches(state: Mapping[str, Any], expected: Mapping[str, Tensor]) -> list[str]:
    """One phrase for each tensor that is missing, surplus, or of another shape or kind than expected."""
    found = [f"{name} is missing" for name in expected if name not in state]
    found += [f"{name!s:.80} has no place" for name in state if name not in expected]
    for name, like in expected.items():
        value = state.get(name)
        if value is not None and (kind := _unusual(value, like)):
            found.append(f"{name} is {kind}")
        elif isinstance(value, Tensor) and value.shape != like.shape:
            found.append(f"{name} is {_sides(value)} instead of {_sides(like)}")
    return found


def _unusual(value: Any, like: Tensor | None) -> str | None:
    if isinstance(value, Unusual):
        return value.kind
    if not isinstance(value, Tensor):
        return f"a {type(value).__name__}"
    if value.layout != torch.strided or value.is_meta or value.is_quantized:
        return "sparse" if value.layout != torch.strided else "without values"
    if value.is_complex():
        return "complex"
    if like is not None and value.is_floating_point() != like.is_floating_point():
        return str(value.dtype).removeprefix("torch.")
    return None


def _finite(value: Tensor) -> bool:
    """Whether all values are finite; the sum of finite ones may overflow, and is faster."""
    if not value.is_floating_point():
        return True
    single = value if value.dtype in (torch.float32, torch.float64) else value.float()
    return bool(single.sum().isfinite()) or bool(single.isfinite().all())


def _sides(value: Tensor) -> str:
    return "×".join(map(str, value.shape)) or "a scalar"
