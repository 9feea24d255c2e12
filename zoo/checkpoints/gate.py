"""The gate that every configuration from a file passes before anything is built from it.

A file names classes to build (`_target_`). Only classes derived from an allowed base, in an allowed package, are built;
functions are never called. Paths and downloads of its data are used only if the user or zoo's own options name them.
"""

import sys
from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf
from torch import nn

from zoo.config.instantiate import locate
from zoo.config.listing import CONFIG_DIR
from zoo.data.base import DataModule
from zoo.errors import ZooError

_LARGER = 50  # times a number of zoo's own options, such as that of the scenes to generate
_SMALL = 100
_PLACES = ("root", "path", "test_path")  # arguments of data modules that name files to open


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
        advice = f"; trust=[{','.join(sorted(packages))}] allows it"
        if packages & sys.stdlib_module_names or any(map(_is_no_class, strange)):
            advice = ""
        raise ZooError(f"{path} wants to build {strange[0]}: only zoo's own classes are built{advice}")
    for target in targets:
        found = locate(target)
        if not (isinstance(found, type) and issubclass(found, kind.bases)):
            raise ZooError(f"{path} wants to build {target}, which is no {kind.name}")


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


def data_config(
    described: Mapping[str, Any], given: Mapping[str, Any], trust: Sequence[str], path: str | Path
) -> dict[str, Any]:
    """The checked data configuration of the file `path`, updated with the values that the user has `given`.

    A file next to hostile data would otherwise choose what is read, and unpickled by libraries. So a path must be
    given by the user or be a default of zoo, and downloads are off unless the user requests them.

    Raises:
        ZooError: a target that is not built, or a path that the user has not named.
    """
    check_targets(described, DATA, trust, path)
    for key in _PLACES:
        value = described.get(key)
        if key not in given and value is not None and value not in _defaults(str(described.get("_target_")), key):
            raise ZooError(
                f"{path} names the data data.{key}={value}, and a path in a file is not opened unless you name it: "
                f"add +data.{key}={value}"
            )
    for key, value in described.items():
        known = [abs(v) for v in _defaults(str(described.get("_target_")), key) if type(v) in (int, float)]
        if key in given or key == "seed" or type(value) not in (int, float) or not known:
            continue
        if not abs(value) <= max(_LARGER * max(known), _SMALL):  # also true for NaN
            raise ZooError(
                f"{path} names data.{key}={value}, far above the {max(known)} of zoo: add +data.{key}={value} if you "
                "mean it"
            )
    offline = {"download": False} if "download" in described else {}
    return {**described, **offline, **given}


def _within(target: Any, packages: Sequence[str]) -> bool:
    return isinstance(target, str) and any(target.startswith(f"{package}.") for package in packages)


def _is_no_class(target: Any) -> bool:
    """Whether `trust` would not help: the target is no class of a module that is already imported, or no name."""
    module, _, name = str(target).rpartition(".")
    return module in sys.modules and not isinstance(getattr(sys.modules[module], name, None), type)


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


@lru_cache
def _defaults(target: str, key: str) -> frozenset[Any]:
    """The values of an argument in zoo's own data options of a class."""
    files = sorted((CONFIG_DIR / "data").glob("*.yaml"))
    options: list[Any] = [OmegaConf.to_container(OmegaConf.load(file)) for file in files]
    values = [option[key] for option in options if option.get("_target_") == target and key in option]
    return frozenset(value for value in values if isinstance(value, Hashable) and value != "???")
