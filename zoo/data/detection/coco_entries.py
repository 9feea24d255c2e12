"""Entries of a COCO file as typed values; exporters write numbers as text, ids as floats, and leave keys out."""

import math
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

Id = int | str
Entry = TypeVar("Entry")


class Image(NamedTuple):
    """An entry of `images`; a size of 0 is missing."""

    id: Id
    file_name: str
    width: int
    height: int


class Box(NamedTuple):
    """An entry of `annotations`."""

    id: Any
    image_id: Id
    category_id: Id
    box: tuple[float, ...] | None
    """x, y, width, height in pixels; None if unreadable."""
    written: Any
    """`bbox` as in the file."""
    from_outline: bool
    """Whether the box surrounds the polygons of an annotation without `bbox`."""
    crowd: bool
    area: float | None = None
    """In square pixels, of the object or of its box; None if unreadable."""


class Category(NamedTuple):
    """An entry of `categories`."""

    id: Id
    name: str
    supercategory: str


def read_entries(
    entries: list[Any], parse: Callable[[dict[str, Any]], Entry]
) -> tuple[list[Entry], list[tuple[Any, str]]]:
    """The readable entries, and each of the others with a message `[NUMBER] has …`."""
    read, flawed = [], []
    for number, entry in enumerate(entries):
        try:
            if not isinstance(entry, dict):
                raise ValueError(f"is no object but {entry!r:.40}")
            read.append(parse(entry))
        except ValueError as error:
            flawed.append((entry, f"[{number}] {error}"))
    return read, flawed


def image_of(entry: dict[str, Any]) -> Image:
    """Raises ValueError without an id or a file name."""
    sides = (_side(entry.get(name)) for name in ("width", "height"))
    return Image(_value(entry, "id", as_id), _value(entry, "file_name", _text), *sides)


def box_of(entry: dict[str, Any]) -> Box:
    """Raises ValueError without ids, or with an `iscrowd` or `ignore` other than 0 or 1.

    Both mark regions without ground truth; `ignore` is that of converted sets such as VisDrone.
    """
    written = entry.get("bbox")
    box = _box(written)
    outline = _around(entry.get("segmentation")) if not written else None
    return Box(
        entry.get("id"),
        _value(entry, "image_id", as_id),
        _value(entry, "category_id", as_id),
        outline or box,
        written,
        outline is not None,
        _value(entry, "iscrowd", _flag, 0) or _value(entry, "ignore", _flag, 0),
        _number(entry.get("area")),
    )


def category_of(entry: dict[str, Any]) -> Category:
    """Raises ValueError without an id or a name."""
    above = entry.get("supercategory")
    return Category(_value(entry, "id", as_id), _value(entry, "name", _text), above if isinstance(above, str) else "")


def as_id(value: Any) -> Id | None:
    """An id as a number where it is one: 7, "7", 7.0 and "7.0" are the same id; None if it is no id.

    >>> as_id("7"), as_id(7.0), as_id("7.0"), as_id("007"), as_id([7])
    (7, 7, 7, '007', None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return int(value) if math.isfinite(value) and value == int(value) else None
    if isinstance(value, str):
        text = re.sub(r"\.0+$", "", value.strip())
        return int(text) if _is_short(text.removeprefix("-")) and str(int(text)) == text else value.strip()
    return value if isinstance(value, int) else None


def resolved(named: Id, images: list[Image], index: dict[Id, Id]) -> Id:
    """The id of the image that an annotation names by another spelling: 7 for "0007", or by its file; else `named`.

    `index` is filled on the first call.
    """
    if not index:
        spellings: dict[Id, set[Id]] = defaultdict(set)
        for image in images:
            name = image.file_name.replace("\\", "/").rpartition("/")[2]
            for spelling in (_plain(image.id), image.file_name, name, name.rpartition(".")[0]):
                spellings[spelling].add(image.id)
        index |= {spelling: next(iter(ids)) for spelling, ids in spellings.items() if len(ids) == 1}
    return index.get(named, index.get(_plain(named), named))


def _plain(value: Id) -> Id:
    return int(value) if isinstance(value, str) and _is_short(value) else value


def _is_short(text: str) -> bool:
    """Whether a text is a whole number that Python converts: of thousands of digits it does not."""
    return text.isdecimal() and len(text) < 19


_LONGEST = 1_000_000  # pixels of a side
_REQUIRED = object()


def _value(entry: dict[str, Any], key: str, convert: Callable[[Any], Any], default: Any = _REQUIRED) -> Any:
    if default is _REQUIRED and key not in entry:
        raise ValueError(f"has no {key}")
    value = entry.get(key, default)
    converted = convert(value)
    if converted is None:
        raise ValueError(f"has the {key} {value!r:.40}")
    return converted


def _text(value: Any) -> str | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) and value.strip() else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def _side(value: Any) -> int:
    """A side in pixels; 0 if it is missing or unusable."""
    number = _number(value)
    return int(number) if number is not None and 0 <= number <= _LONGEST else 0


def _flag(value: Any) -> bool | None:
    known = dict.fromkeys(("0", "0.0", "false", "no", "none", ""), False)
    known |= dict.fromkeys(("1", "1.0", "true", "yes"), True)
    return known.get(str(value).strip().casefold())


def _box(value: Any) -> tuple[float, ...] | None:
    numbers = [_number(part) for part in value] if isinstance(value, list) else []
    return tuple(n for n in numbers if n is not None) if len(numbers) == 4 and None not in numbers else None


def _around(segmentation: Any) -> tuple[float, ...] | None:
    """The box around polygons `[[x1, y1, x2, y2, …], …]`, or around a single one; None for a mask or nothing."""
    if not isinstance(segmentation, list):
        return None
    polygons = [each for each in segmentation if isinstance(each, list)] or [segmentation]
    numbers = [_number(part) for polygon in polygons for part in polygon]
    if len(numbers) < 6 or len(numbers) % 2 or None in numbers:
        return None
    xs, ys = [n for n in numbers[::2] if n is not None], [n for n in numbers[1::2] if n is not None]
    return min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys)


def shared_ids(entered: Sequence[Image]) -> dict[Id, list[str]]:
    """The sorted file names of each id that several images have: their annotations cannot be assigned."""
    names: dict[Id, set[str]] = defaultdict(set)
    for image in entered:
        names[image.id].add(image.file_name)
    return {image_id: sorted(own) for image_id, own in names.items() if len(own) > 1}
