"""Mutations of bytes, of the records of a zip archive, and of the values in a checkpoint."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import torch

_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, 1 << 40, (1 << 63) - 1)


def mutate_bytes(data: bytes, rng: random.Random) -> bytes:
    """Some random changes of bytes: flipped bits, extreme numbers, pieces cut out, doubled, moved or made text."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4, 16))):
        if not changed:
            break
        place, length = rng.randrange(len(changed)), rng.choice((1, 2, 4, 8, 64))
        kind = rng.randrange(8)
        if kind == 0:
            changed[place] ^= 1 << rng.randrange(8)
        elif kind == 1:
            changed[place] = rng.randrange(256)
        elif kind == 2:
            layout = rng.choice(("<I", ">I", "<Q", ">Q", "<H", ">H"))
            number = rng.choice(_NUMBERS) & ((1 << (8 * struct.calcsize(layout))) - 1)
            changed[place : place + struct.calcsize(layout)] = struct.pack(layout, number)
        elif kind == 3:
            del changed[place : place + length]
        elif kind == 4:
            changed[place:place] = changed[place : place + length] * rng.choice((1, 2, 50))
        elif kind == 5:
            del changed[place:]
        elif kind == 6:
            changed[place:place] = rng.choice(_TEXTS)
        else:
            other = rng.randrange(len(changed))
            changed[place : place + length] = changed[other : other + length]
    return bytes(changed)


def mutate_archive(data: bytes, rng: random.Random) -> bytes:
    """Mutates one record of an archive, mostly its pickle, and writes a valid archive again."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        records = source.infolist()
        pickle = next(info for info in records if info.filename.endswith("data.pkl"))
        chosen = pickle if rng.random() < 0.8 else rng.choice(records)
        packed = zipfile.ZIP_DEFLATED if rng.random() < 0.05 else zipfile.ZIP_STORED
        for info in records:
            content = source.read(info)
            if info is chosen:
                content = mutate_bytes(content, rng)
            target.writestr(info.filename, content, packed)
    return out.getvalue()


def mutate_png(data: bytes, rng: random.Random) -> bytes:
    """Mutates the bytes and mends the checksums of the chunks, so that the damage reaches the decoder."""
    changed, start = bytearray(mutate_bytes(data, rng)), 8
    while start + 12 <= len(changed):
        end = start + 8 + int.from_bytes(changed[start : start + 4], "big")
        if end + 4 > len(changed):
            break
        changed[end : end + 4] = zlib.crc32(changed[start + 4 : end]).to_bytes(4, "big")
        start = end + 4
    return bytes(changed)


def mutate_values(content: Any, rng: random.Random, *, plain: bool = False) -> Any:
    """Replaces one value at a random place, changes its key, or removes it; `content` is changed.

    `plain`: by what can be written as a text, so without tensors and lists that share one another.
    """
    node, place = content, list[tuple[Any, Any]]()
    while isinstance(node, dict | list) and node and (not place or rng.random() < 0.9):
        key: Any = rng.choice([*node]) if isinstance(node, dict) else rng.randrange(len(node))
        place.append((node, key))
        node = node[key]
    if not place:
        return content
    parent, key = place[-1]
    kind = rng.random()
    if kind < 0.15:
        del parent[key]
    elif kind < 0.25 and isinstance(parent, dict):
        parent[rng.choice(_STRINGS)] = parent.pop(key)
    else:
        parent[key] = rng.choice(_PLAIN if plain else _VALUES)(rng, node)
    return content


def _nested(rng: random.Random, _: Any) -> Any:
    value: Any = []
    for _depth in range(rng.choice((3, 50, 200))):
        value = [value]
    return value


def _shared(rng: random.Random, _: Any) -> Any:
    value: Any = [1]
    for _depth in range(rng.choice((3, 38))):
        value = [value, value]
    return value


def _around(rng: random.Random, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return [value, value]
    return rng.choice((-value, value + 1, value * 1000, 10**9, 10**18, float(value), float("nan"), float("inf"), 0))


def _tensor(rng: random.Random, value: Any) -> Any:
    like = value if isinstance(value, torch.Tensor) else torch.ones(3)
    changed: list[Callable[[], torch.Tensor]] = [
        lambda: like.to(torch.complex64),
        lambda: like.long(),
        lambda: like.float().to_sparse(),
        lambda: torch.full_like(like.float(), float("nan")),
        lambda: torch.full_like(like.float(), float("inf")),
        lambda: like.unsqueeze(0),
        lambda: like.reshape(-1)[:1],
        lambda: like.reshape(-1)[:1].expand(10**6),
        lambda: torch.empty(0),
        lambda: torch.tensor(True),
    ]
    try:
        return rng.choice(changed)()
    except RuntimeError:  # of a tensor without elements
        return torch.zeros(2, 2)


_TEXTS = (
    b"NaN",
    b"inf",
    b"-1",
    b"1e999",
    b"9" * 400,
    b"\xff\xfe",
    b"\x00",
    b'"',
    b",,,\n",
    b"<!ENTITY a 'a'>",
    b"[" * 300,
    b"&a;",
    b"*a",
    b"{",
    b"\n\n",
    b"\xf0\x9f\x98\x80",
    b"../../",
    b"=1+1",
)
_STRINGS = ("", "size", "network", "_target_", "num_classes", "../x", "a\nb", "x" * 5000)
_TARGETS = ("os.system", "zoo.networks.lenet.LeNet5", "torch.nn.Linear", "torch.nn.Transformer", "zoo.run.train.train")
_PLAIN: tuple[Callable[[random.Random, Any], Any], ...] = (
    _around,
    _around,
    _nested,
    lambda rng, _: rng.choice((None, True, -1, 0, 10**30, 1.5, float("nan"), b"bytes", (), {}, [], set(), 1 << 62)),
    lambda rng, _: rng.choice(_STRINGS),
    lambda rng, _: {"_target_": rng.choice(_TARGETS), "command": "touch it-ran", "num_layers": 10**7},
    lambda rng, value: [value] * rng.choice((0, 2, 1000)),
    lambda rng, value: {"a": value},
)
_VALUES = (*_PLAIN, _tensor, _shared)
