"""Checks the card of a checkpoint, which may be a stranger's: its types, sizes and numbers."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from zoo.config.argument_types import list_error, type_error
from zoo.errors import ZooError

NO_IMAGES = (
    "this model knows no images: it was trained elsewhere, so zoo.create_model needs "
    "preprocessing=zoo.Preprocessing(…) and class_names=[…]"
)
_FIELDS: dict[str, Any] = {"model_name": str, "data_name": str}
_NAMES = 100_000  # classes at most
_LENGTH = 1_000  # characters of a class name
_COUNT = 1_000_000
_RANGES = {
    "size": (1, 4096),  # pixels or voxels of a side
    "channels": (1, 256),
    "crop_ratio": (0.05, 4.0),
    "border": (0.0, 1.0),
    "mean": (-1e6, 1e6),
    "std": (1e-6, 1e6),
}


def check_card(
    card: Any, path: str | Path, fields: Mapping[str, Any] | None = None, together: Collection[str] = ()
) -> None:
    """Checks the entries that every prediction uses, and those of a task: the `fields` with their types.

    Of the entries in `together`, a card has all or none.

    Raises:
        ZooError: names the entry.
    """
    if not isinstance(card, dict) or not all(isinstance(key, str) for key in card):
        raise ZooError(f"{path}: its card is no mapping of names to values; the file was edited")
    for name, kind in {**_FIELDS, **(fields or {})}.items():
        if name in card and (expected := type_error(kind, card[name]) or list_error(kind, card[name])):
            raise ZooError(f"{path}: `card.{name}` (={card[name]!r:.60}) must be {expected}; the file was edited")
        if type(value := card.get(name)) is int and not 0 <= value <= _COUNT:
            raise ZooError(f"{path}: `card.{name}` (={value}) must be between 0 and {_COUNT:,}; the file was edited")
    missing = [name for name in together if name not in card]
    if missing and len(missing) < len(together):
        raise ZooError(f"{path}: `card.{missing[0]}` is missing; the file was edited")
    if card.get("preprocessing") is not None:
        _check_preprocessing(card["preprocessing"], path)
    if card.get("class_names") is not None:
        _check_names(card["class_names"], path)


def require_entries(preprocessing: Any, names: Sequence[str], path: str | Path) -> None:
    """Checks that the preprocessing of a card, if there is one, has the entries that its task reads.

    Raises:
        ZooError: names the first missing one.
    """
    missing = [name for name in names if name not in preprocessing] if preprocessing is not None else []
    if missing:
        raise ZooError(f"{path}: `preprocessing.{missing[0]}` is missing; the file was edited")


def required_entries(described: type[Any]) -> tuple[str, ...]:
    """Returns the fields of a dataclass that have no default."""
    return tuple(field.name for field in fields(described) if field.default is MISSING)


def require_names(card: Mapping[str, Any], config: Mapping[str, Any], path: str | Path) -> None:
    """Checks that there is one name for each class of the configured model.

    Raises:
        ZooError: fewer or more.
    """
    network, names = config.get("network"), card.get("class_names")
    for part in (config, network if isinstance(network, Mapping) else {}):
        count = part.get("num_classes")
        if names is not None and isinstance(count, int) and count != len(names):
            raise ZooError(f"{path} has {len(names)} class names for {count} classes; the file was edited")


def _check_preprocessing(values: Any, path: str | Path) -> None:
    """Bounds the numbers of images and volumes alike; `from_dict` of either checks the rest."""
    if not isinstance(values, dict):
        raise ZooError(f"{path}: its preprocessing is no mapping of names to values; the file was edited")
    for name, (low, high) in _RANGES.items():
        if name not in values:
            continue
        numbers = values[name] if isinstance(values[name], list) and values[name] else [values[name]]
        for number in numbers:
            if type(number) not in (int, float) or not low <= number <= high:  # also true for NaN
                raise ZooError(
                    f"{path}: `preprocessing.{name}` (={values[name]!r:.60}) must lie in {low:g} … {high:g}; the file "
                    "was edited"
                )


def _check_names(names: Any, path: str | Path) -> None:
    if not isinstance(names, list) or not all(isinstance(name, str | int) for name in names):
        raise ZooError(f"{path}: its class names are no list of texts; the file was edited")
    if len(names) > _NAMES or any(isinstance(name, str) and len(name) > _LENGTH for name in names):
        raise ZooError(f"{path}: more than {_NAMES:,} class names, or a name of more than {_LENGTH:,} characters")
