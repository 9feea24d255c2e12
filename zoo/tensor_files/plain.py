"""Bounds the nesting of plain containers, so that whatever walks them ends."""

from typing import Any

from zoo.tensor_files.unpickler import RefusedPickle

_DEPTH = 40
_SHARED = 4  # times the number of values: a container that is shared counts wherever it appears
_SLACK = 100_000
_CONTAINERS = (dict, list, tuple)


def require_shallow(content: Any) -> None:
    """Checks depth and size, where a shared container counts wherever it appears; visits each container once.

    Raises:
        RefusedPickle: containers that contain themselves, are nested too deeply, or share one another too often.
    """
    measured: dict[int, tuple[int, int]] = {}  # depth and size of each container, by identity
    entered: set[int] = set()  # the containers around the one at hand
    stack, values = [content], 0
    while stack:
        value = stack[-1]
        if not isinstance(value, _CONTAINERS) or id(value) in measured:
            stack.pop()
            continue
        inner = [each for each in _values(value) if isinstance(each, _CONTAINERS)]
        if id(value) not in entered:
            entered.add(id(value))
            if any(id(each) in entered for each in inner):
                raise RefusedPickle("containers that contain themselves")
            stack += inner
            continue
        entered.discard(id(stack.pop()))
        values += len(value)
        depth = 1 + max((measured[id(each)][0] for each in inner), default=0)
        if depth > _DEPTH:
            raise RefusedPickle("containers nested too deeply")
        measured[id(value)] = depth, len(value) + sum(measured[id(each)][1] for each in inner)
    if isinstance(content, _CONTAINERS) and measured[id(content)][1] > _SHARED * values + _SLACK:
        raise RefusedPickle("containers shared too often")


def _values(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container
