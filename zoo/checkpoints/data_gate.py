"""The gate of the data that a file describes: a test on it opens, fetches and allocates only what the user may expect.

Paths and downloads are used only if the user or zoo's own options name them, and numbers are bounded by those options.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path, PurePath
from typing import Any

from omegaconf import OmegaConf

from zoo.checkpoints.gate import DATA, check_targets
from zoo.config.instantiate import locate
from zoo.config.listing import CONFIG_DIR
from zoo.data.base import DataModule
from zoo.errors import ZooError

_LARGER = 50  # times the data of zoo's own options, such as the scenes to generate
_LEAST, _UNKNOWN = 2.0, 100.0  # a number counts from here on, and from here on if zoo's options have none
_DIMENSIONS = {"image_size": 2}
_ALONE = ("context", "horizon", "season", "stride", "cache_mb", "steps_per_epoch")  # do not multiply what others take
_PLACES = ("root", "path", "test_path")  # arguments of data modules that name files to open
_IMAGES = ("content", "style", "styles")  # those that name files, or images that zoo draws


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
    _require_named_paths(described, given, "data", path)
    _require_moderate_numbers(described, given, path)
    return _merged(described, given)


def without_paths(described: Mapping[str, Any]) -> dict[str, Any]:
    """A data configuration without the paths that exist on this machine alone, data within data included."""
    kept = {key: value for key, value in described.items() if _is_data(value) or not _is_own_path(described, key)}
    return {key: without_paths(value) if _is_data(value) else value for key, value in kept.items()}


def _merged(described: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Both, data within data included. Drops what a test does not need: augmentations and a number of processes."""
    inner = {key: _merged(v, given.get(key) or {}) for key, v in described.items() if _is_data(v)}
    unneeded = {"download": False, "augmentation": None, "num_workers": "auto"}
    return {**described, **{key: v for key, v in unneeded.items() if key in described}, **given, **inner}


def _is_data(value: Any) -> bool:
    found = locate(value["_target_"]) if isinstance(value, Mapping) and "_target_" in value else None
    return isinstance(found, type) and issubclass(found, DataModule)


def _require_named_paths(described: Mapping[str, Any], given: Mapping[str, Any], place: str, path: str | Path) -> None:
    for key, value in described.items():
        if _is_data(value):
            _require_named_paths(value, given.get(key) or {}, f"{place}.{key}", path)
        elif key not in given and _is_own_path(described, key):
            raise ZooError(
                f"{path} names the data {place}.{key}={value}, and a path in a file is not opened unless you name it: "
                f"add +{place}.{key}={value}"
            )


def _is_own_path(described: Mapping[str, Any], key: str) -> bool:
    """Whether an argument names files of one machine; those of zoo's options are on all."""
    value, known = described[key], _defaults(str(described.get("_target_")), key)
    texts = [text for text in _leaves(value) if isinstance(text, str) and text not in known]
    if key in _PLACES:
        return value is not None and value not in known
    return any(_leads_elsewhere(key, text) for text in texts)


def _leads_elsewhere(key: str, name: str) -> bool:
    """Whether a text is a path out of the data's folder, or that of an image of style transfer."""
    parts = PurePath(name).parts
    outside = PurePath(name).is_absolute() or ".." in parts or name.startswith("~") or "://" in name
    return outside or (key in _IMAGES and (len(parts) > 1 or PurePath(name).suffix != ""))


def _require_moderate_numbers(described: Mapping[str, Any], given: Mapping[str, Any], path: str | Path) -> None:
    """Bounds the memory that a test takes: numbers, and their product, relative to those of zoo's own options."""
    product, largest, named = 1.0, 0.0, ""
    for place, key, value, known in _numbers(described, given, "data"):
        times = math.inf if math.isnan(value) else max(1.0, value / known) ** _DIMENSIONS.get(key, 1)
        product *= 1 if key in _ALONE else times
        if times > largest:
            largest, named = times, f"{place}={value:g}"
    if (total := max(product, largest)) > _LARGER:
        raise ZooError(
            f"{path} names {named}: with its other numbers, {total:,.0f} times the data of zoo: add +{named} if you "
            "mean it"
        )


def _numbers(
    described: Mapping[str, Any], given: Mapping[str, Any], place: str
) -> Iterator[tuple[str, str, float, float]]:
    """The place, key and size of each number that a file names, and the largest ordinary one."""
    for key, value in described.items():
        if key == "augmentation" or (key in given and not _is_data(value)):
            continue
        if _is_data(value):
            yield from _numbers(value, given.get(key) or {}, f"{place}.{key}")
        elif key != "seed":
            known = _sizes(_defaults(str(described["_target_"]), key))
            for number in _sizes(value):
                yield f"{place}.{key}", key, number, max(_LEAST, *known) if known else _UNKNOWN


def _sizes(values: Any) -> list[float]:
    """The absolute values of the numbers in lists and mappings at any depth."""
    return [abs(value) for value in _leaves(values) if type(value) in (int, float)]


def _leaves(value: Any) -> Iterator[Any]:
    """The values in lists and mappings at any depth."""
    if isinstance(value, Mapping | list | tuple):
        for each in value.values() if isinstance(value, Mapping) else value:
            yield from _leaves(each)
    else:
        yield value


def _defaults(target: str, key: str) -> list[Any]:
    """The values of an argument in zoo's own data options of a class."""
    values = [option[key] for option in _options() if option.get("_target_") == target and key in option]
    return [value for value in values if value != "???"]


@cache
def _options() -> list[Any]:
    """The content of zoo's own data options."""
    files = sorted((CONFIG_DIR / "data").glob("*.yaml"))
    return [OmegaConf.to_container(OmegaConf.load(file)) for file in files]
