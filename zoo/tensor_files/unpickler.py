"""Reads pickles of tensors and plain containers.

Python's unpickler, and torch's with `weights_only=True`, allocate whatever a pickle states: a memo of 2³² entries, a
`bytearray` or a set of any length, a tensor larger than its storage. A tuple nested deeply overflows the stack when it
is hashed. Here a pickle builds only what `builders.py` lists, keys are plain, and every length is read from the file.
"""

from collections.abc import Callable, Mapping
from struct import unpack_from
from typing import Any

_CONTAINERS = 5_000_000
_MEMO = 5_000_000
_KEYS = (str, int, float, bytes, type(None))
_MARK = object()


class RefusedPickle(Exception):
    """The pickle has an instruction or a name that no file of tensors needs. A text without spaces is that name."""


class Builder:
    """What a name in a pickle stands for; only these are ever called."""

    __slots__ = ("build",)

    def __init__(self, build: Callable[..., Any]) -> None:
        self.build = build


class Opaque:
    """In place of a harmless object of another library, which is not built; its content is dropped."""

    append = extend = __setitem__ = lambda *_: None


class State(dict[Any, Any]):
    """A state dict with the versions of its modules, as `nn.Module.load_state_dict` reads them."""

    _metadata: Any = None


class Unpickler:
    """Reads one pickle of protocol 2, the only one that `torch.save` writes by default, from `data` at `position`."""

    def __init__(
        self,
        data: bytes,
        names: Callable[[str], Builder | None],
        storage: Callable[[Any], Any],
        position: int = 0,
    ) -> None:
        self.data = data
        self.position = position
        self.names = names
        self.storage = storage
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.containers = 0

    def load(self) -> Any:
        """Returns the object; `position` is then behind the pickle.

        Raises:
            RefusedPickle: an instruction or name that is not allowed.
            Exception: any other, if the pickle is damaged.
        """
        data, stop, operations = self.data, ord("."), _OPERATIONS
        while (code := data[self.position]) != stop:
            self.position += 1
            if (operation := operations.get(code)) is None:
                raise RefusedPickle(f"the instruction {code:#04x}")
            operation(self)
        self.position += 1
        return self.stack.pop()

    def take(self, count: int) -> bytes:
        """The next bytes."""
        start, self.position = self.position, self.position + count
        if self.position > len(self.data):
            raise EOFError
        return self.data[start : self.position]

    def number(self, layout: str, size: int) -> Any:
        """The next number."""
        (value,) = unpack_from(layout, self.data, self.position)
        self.position += size
        return value

    def line(self) -> str:
        """The text up to the end of the line."""
        end = self.data.index(b"\n", self.position)
        text, self.position = self.data[self.position : end], end + 1
        return text.decode("ascii")

    def push(self, container: Any) -> None:
        """Puts a new container on the stack."""
        self.containers += 1
        if self.containers > _CONTAINERS:
            raise RefusedPickle(f"more than {_CONTAINERS:,} containers")
        self.stack.append(container)

    def items(self) -> list[Any]:
        """Takes the values after the last mark."""
        start = len(self.stack) - 1
        while self.stack[start] is not _MARK:
            start -= 1
        items = self.stack[start + 1 :]
        del self.stack[start:]
        return items


def _global(self: Unpickler) -> None:
    name = f"{self.line()}.{self.line()}"
    if (builder := self.names(name)) is None:
        raise RefusedPickle(name)
    self.stack.append(builder)


def _reduce(self: Unpickler) -> None:
    arguments, builder = self.stack.pop(), self.stack.pop()
    if not isinstance(builder, Builder) or not isinstance(arguments, tuple):
        raise RefusedPickle("a call of a value")
    self.push(builder.build(*arguments))


def _build(self: Unpickler) -> None:
    state, built = self.stack.pop(), self.stack[-1]
    if isinstance(built, State) and isinstance(state, Mapping):
        built._metadata = state.get("_metadata")
    elif not isinstance(built, State | Opaque):
        raise RefusedPickle("the state of a value")


def _tuple(count: int) -> Callable[[Unpickler], None]:
    def build(self: Unpickler) -> None:
        items = self.stack[-count:]
        if len(items) < count:
            raise IndexError
        del self.stack[-count:]
        self.push(tuple(items))

    return build


def _appends(self: Unpickler) -> None:
    items = self.items()
    self.stack[-1].extend(_typed(items, self.stack[-1], list))


def _append(self: Unpickler) -> None:
    item = self.stack.pop()
    self.stack[-1].append(_typed(item, self.stack[-1], list))


def _set_items(self: Unpickler) -> None:
    items = self.items()
    for key, value in zip(items[::2], items[1::2], strict=True):
        _set(self.stack[-1], key, value)


def _set_item(self: Unpickler) -> None:
    value, key = self.stack.pop(), self.stack.pop()
    _set(self.stack[-1], key, value)


def _set(target: Any, key: Any, value: Any) -> None:
    _typed(value, target, dict)
    if not isinstance(key, _KEYS):
        raise RefusedPickle(f"a {type(key).__name__} as a key")
    target[key] = value


def _typed(value: Any, target: Any, kind: type) -> Any:
    if not isinstance(target, kind | Opaque):
        raise RefusedPickle(f"items of a {type(target).__name__}")
    return value


def _remember(layout: str, size: int) -> Callable[[Unpickler], None]:
    def put(self: Unpickler) -> None:
        self.memo[self.number(layout, size)] = self.stack[-1]
        if len(self.memo) > _MEMO:
            raise RefusedPickle(f"more than {_MEMO:,} references")

    return put


def _recall(layout: str, size: int) -> Callable[[Unpickler], None]:
    return lambda self: self.stack.append(self.memo[self.number(layout, size)])


def _number(layout: str, size: int) -> Callable[[Unpickler], None]:
    return lambda self: self.stack.append(self.number(layout, size))


def _constant(value: Any) -> Callable[[Unpickler], None]:
    return lambda self: self.stack.append(value)


def _text(self: Unpickler) -> None:
    self.stack.append(self.take(self.number("<I", 4)).decode("utf-8", "surrogatepass"))


def _short_text(self: Unpickler) -> None:
    self.stack.append(self.take(self.number("B", 1)).decode("utf-8"))


def _long(self: Unpickler) -> None:
    self.stack.append(int.from_bytes(self.take(self.number("B", 1)), "little", signed=True))


_OPERATIONS: dict[int, Callable[[Unpickler], None]] = {
    ord(code): operation
    for code, operation in {
        b"\x80": lambda self: self.take(1),  # protocol
        b"c": _global,
        b"R": _reduce,
        b"\x81": _reduce,  # of a new object
        b"b": _build,
        b"Q": lambda self: self.stack.append(self.storage(self.stack.pop())),
        b"(": _constant(_MARK),
        b"N": _constant(None),
        b"\x88": _constant(True),
        b"\x89": _constant(False),
        b"]": lambda self: self.push([]),
        b"}": lambda self: self.push({}),
        b")": lambda self: self.push(()),
        b"t": lambda self: self.push(tuple(self.items())),
        b"\x85": _tuple(1),
        b"\x86": _tuple(2),
        b"\x87": _tuple(3),
        b"a": _append,
        b"e": _appends,
        b"s": _set_item,
        b"u": _set_items,
        b"q": _remember("B", 1),
        b"r": _remember("<I", 4),
        b"h": _recall("B", 1),
        b"j": _recall("<I", 4),
        b"J": _number("<i", 4),
        b"K": _number("B", 1),
        b"M": _number("<H", 2),
        b"G": _number(">d", 8),
        b"X": _text,
        b"U": _short_text,
        b"\x8a": _long,
    }.items()
}
