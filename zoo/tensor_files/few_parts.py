"""Bounds the number of parts of a network that a file describes."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch.nn.modules import module as registration

from zoo.errors import ZooError

_PARTS = 30  # parts of a model for each tensor of the file, at most: layers without weights, metrics
_SLACK = 5_000


@contextmanager
def few_parts(tensors: int, path: str | Path) -> Iterator[None]:
    """Ends the building of more parameters, buffers and layers than a file with so many tensors can have."""
    limit, count = _PARTS * tensors + _SLACK, 0

    def registered(*_: Any) -> None:
        nonlocal count
        count += 1
        if count > limit:
            raise ZooError(f"{path} describes a model of more than {limit:,} parts, which its weights cannot be of")

    hooks = [
        registration.register_module_parameter_registration_hook(registered),
        registration.register_module_buffer_registration_hook(registered),
        registration.register_module_module_registration_hook(registered),
    ]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()
