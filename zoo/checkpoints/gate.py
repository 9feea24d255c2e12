"""The gate that every configuration from a file passes before anything is built from it.

A file names classes to build (`_target_`). Only classes derived from an allowed base, in an allowed package, are built;
functions are never called.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from zoo.config.instantiate import locate
from zoo.data.base import DataModule
from zoo.errors import ZooError


@dataclass(frozen=True)
class Kind:
    """What one part of a file may build."""

    name: str
    bases: tuple[type, ...]
    packages: tuple[str, ...]


MODEL = Kind("network, loss or task", (nn.Module,), ("zoo", "torch.nn"))
DATA = Kind("data module or augmentation", (DataModule, nn.Module), ("zoo", "torchvision"))


def check_targets(config: Any, kind: Kind, trust: Sequence[str], path: str | Path) -> None:
    """Checks that `config`, read from the file `path`, builds only what `kind` allows, and packages in `trust`.

    Imports a module only if its package is allowed.

    Raises:
        ZooError: another target.
    """
    targets = [*_targets(config)]
    strange = [target for target in targets if not _within(target, (*kind.packages, *trust))]
    if strange:
        packages = {str(target).partition(".")[0] for target in strange}
        helps = not packages & sys.stdlib_module_names and all(map(_may_be_class, strange))
        advice = f"; trust=[{','.join(sorted(packages))}] allows it" if helps else ""
        raise ZooError(f"{path} wants to build {strange[0]!s:.100}: only zoo's own classes are built{advice}")
    for target in targets:
        found = locate(target)
        if not (isinstance(found, type) and issubclass(found, kind.bases)):
            raise ZooError(f"{path} wants to build {target!s:.100}, which is no {kind.name}")


def require_classes(config: Any) -> None:
    """Checks before training that a checkpoint of this model can be built again: functions are never called.

    Raises:
        ZooError: a target that is no class of modules.
    """
    for target in _targets(config):
        found = locate(target)
        if not (isinstance(found, type) and issubclass(found, MODEL.bases)):
            raise ZooError(
                f"`_target_` (={target}) is no class of modules, and a checkpoint builds nothing else: write a class "
                f"of nn.Module that calls it, or use zoo.networks.timm.Timm with name=NAME for timm"
            )


def _within(target: Any, packages: Sequence[str]) -> bool:
    return isinstance(target, str) and any(target.startswith(f"{package}.") for package in packages)


def _may_be_class(target: Any) -> bool:
    """Whether a target names a class of modules, or one of a module that is not imported yet."""
    module, _, name = target.rpartition(".") if isinstance(target, str) else ("", "", "")
    if module not in sys.modules:
        return module.partition(".")[0] not in ("", "torch")  # the networks of torch are in torch.nn
    found = getattr(sys.modules[module], name, None)
    return isinstance(found, type) and issubclass(found, nn.Module | DataModule)


def _targets(config: Any) -> Iterator[Any]:
    """Every `_target_` in a configuration, at any depth."""
    if isinstance(config, Mapping):
        if "_target_" in config:
            yield config["_target_"]
        config = config.values()
    elif not isinstance(config, list | tuple):
        return
    for value in config:
        yield from _targets(value)
