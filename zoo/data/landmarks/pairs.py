"""Pairs of left and right points, which a mirrored image swaps."""

import re
from collections.abc import Sequence
from typing import Any

from zoo.errors import ZooError

_SIDES = {"left": "right", "right": "left", "l": "r", "r": "l"}
Pairs = tuple[tuple[int, int], ...]


def pairs_by_name(names: Sequence[str]) -> Pairs | None:
    """Pairs of names that differ in left and right, or in l and r; None if no name has a side.

    >>> pairs_by_name(["nose", "left_eye", "right_eye"]), pairs_by_name(["1", "2"])
    (((1, 2),), None)

    Raises:
        ZooError: a name with a side whose partner is missing.
    """
    places = {name.casefold(): number for number, name in enumerate(names)}
    found: set[tuple[int, int]] = set()
    for number, name in enumerate(names):
        other = _mirrored(name)
        if other is None and (glued := _glued(name)) in places:
            other = glued
        if other is None:
            continue
        if other not in places:
            raise ZooError(
                f"the point `{name}` has no partner `{other}` that a mirrored image would swap it with: "
                "data.flip_pairs=null switches mirroring off, and a list of pairs of names replaces this search"
            )
        found.add((min(number, places[other]), max(number, places[other])))
    return tuple(sorted(found)) or None


def given_pairs(pairs: Any, names: Sequence[str]) -> Pairs:
    """Indices of `data.flip_pairs`, a list of two names each.

    Raises:
        ZooError: no list of pairs, an unknown name, or a name in two pairs.
    """
    places = {name: number for number, name in enumerate(names)}
    found: list[tuple[int, int]] = []
    taken: set[str] = set()
    for pair in pairs if isinstance(pairs, Sequence) and not isinstance(pairs, str) else [pairs]:
        two = isinstance(pair, Sequence) and not isinstance(pair, str) and len(pair) == 2
        if not two or pair[0] == pair[1]:
            raise ZooError(f"`data.flip_pairs` (={pairs}) must be auto, null, or a list of pairs of two names")
        for name in map(str, pair):
            if name not in places:
                raise ZooError(f"`data.flip_pairs` names `{name}`, which is none of: {', '.join(names)}")
            if name in taken:
                raise ZooError(f"`data.flip_pairs` has `{name}` in two pairs")
            taken.add(name)
        found.append((places[str(pair[0])], places[str(pair[1])]))
    return tuple(found)


def _mirrored(name: str) -> str | None:
    """The name in small letters with its sides exchanged; None for a name without one."""
    words = re.split(r"([\W_]+|(?<=[a-z])(?=[A-Z]))", name)
    sides = [number for number, word in enumerate(words) if (word or "").casefold() in _SIDES]
    if sides:  # a mirrored left corner of the left eye is the right corner of the right one
        for number in sides:
            words[number] = _SIDES[words[number].casefold()]
        return "".join(word or "" for word in words).casefold()
    return None


def _glued(name: str) -> str | None:
    """The same for a side at the start or the end of a word, as in `lefteye`; `bright` may have no partner."""
    folded = name.casefold()
    for side in ("left", "right"):
        if folded.startswith(side) or folded.endswith(side):
            return folded.replace(side, _SIDES[side], 1)
    return None
