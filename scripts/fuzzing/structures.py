"""Mutations that know a format: directories of archives, opcodes of pickles, headers, JSON, tables."""

import io
import json
import pickletools
import random
import re
import struct
import zipfile
from typing import Any

from fuzzing.mutations import mutate_bytes, mutate_values

_SIZES = (0, 1, 0x7F, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, (1 << 63) - 1, (1 << 64) - 1)
_CENTRAL, _END = b"PK\x01\x02", b"PK\x05\x06"


def mutate_directory(data: bytes, rng: random.Random) -> bytes:
    """Changes a field of the central directory of a zip archive or of its end, or the name of a record."""
    changed = bytearray(data)
    heads = [found.start() for found in re.finditer(re.escape(_CENTRAL), data)]
    end = data.rfind(_END)
    for _ in range(rng.choice((1, 1, 3))):
        if rng.random() < 0.2:
            place, layout = end + rng.choice((8, 10)), "<H"
            if rng.random() < 0.5:
                place, layout = end + rng.choice((12, 16)), "<I"
        elif rng.random() < 0.2:
            head = rng.choice(heads)
            name = slice(head + 46, head + 46 + int.from_bytes(data[head + 28 : head + 30], "little"))
            changed[name] = rng.choice((b"../", b"/etc/", b"a\0b", data[name])).ljust(name.stop - name.start, b"x")
            continue
        else:  # flags, method, checksum, sizes, offset of the record; lengths of the name, extra field and comment
            fields = {8: "<H", 10: "<H", 16: "<I", 20: "<I", 24: "<I", 28: "<H", 30: "<H", 32: "<H", 42: "<I"}
            offset, layout = rng.choice([*fields.items()])
            place = rng.choice(heads) + offset
        width = struct.calcsize(layout)
        number = rng.choice((*_SIZES, rng.randrange(len(data)))) & ((1 << 8 * width) - 1)
        changed[place : place + width] = number.to_bytes(width, "little")
    return bytes(changed)


def mutate_opcodes(data: bytes, rng: random.Random) -> bytes:
    """Inserts, removes or doubles instructions of the pickle in an archive of torch, which stays valid."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for info in source.infolist():
            content = source.read(info)
            if info.filename.endswith("data.pkl"):
                for _ in range(rng.choice((1, 1, 2, 4))):
                    content = _with_other_opcodes(content, rng)
            target.writestr(info.filename, content)
    return out.getvalue()


def _with_other_opcodes(pickle: bytes, rng: random.Random) -> bytes:
    try:
        places = [place for _, _, place in pickletools.genops(pickle) if place]
    except Exception:  # mutated before
        places = [*range(2, len(pickle))]
    start, end = sorted(rng.sample(places, 2))
    kind = rng.random()
    if kind < 0.6:
        return pickle[:start] + rng.choice(_INSTRUCTIONS) + pickle[start:]
    if kind < 0.8:
        following = min((place for place in places if place > start), default=end)
        return pickle[:start] + pickle[following:]
    return pickle[:end] + pickle[start : min(end, start + 200)] + pickle[end:]


def mutate_safetensors(data: bytes, rng: random.Random) -> bytes:
    """Changes the length or the JSON of the header of a safetensors file."""
    length = int.from_bytes(data[:8], "little")
    if (kind := rng.random()) < 0.2:
        other = rng.choice((*_SIZES, length - 1, length + 1, len(data)))
        return other.to_bytes(8, "little") + data[8:]
    text = mutate_json(data[8 : 8 + length], rng) if kind < 0.8 else mutate_bytes(data[8 : 8 + length], rng)
    return len(text).to_bytes(8, "little") + text + data[8 + length :]


def mutate_json(data: bytes, rng: random.Random) -> bytes:
    """Replaces values of a JSON text, also by numbers that JSON does not know, or nests it deeply."""
    content: Any = json.loads(data)
    for _ in range(rng.choice((1, 1, 3))):
        mutate_values(content, rng, plain=True)
    text = json.dumps(content, default=lambda _: rng.choice((None, "1e999", -1, [], 0.5)), skipkeys=True)
    if rng.random() < 0.1:
        text = text.replace("1", rng.choice(("9" * 5000, "-1", "1e999", "NaN", "[" * 2000 + "]" * 2000)), 1)
    return text.encode(errors="surrogatepass")


def mutate_words(data: bytes, rng: random.Random) -> bytes:
    """Replaces words and lines of a text: YAML, XML, tables, labels."""
    pieces = data.replace(b",", b" , ").replace(b"<", b" <").replace(b">", b"> ").split(b" ")
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(pieces))
        pieces[place] = rng.choice(_WORDS) if rng.random() < 0.8 else rng.choice(pieces) * rng.choice((1, 2, 500))
    return b" ".join(pieces).replace(b" , ", b",").replace(b" <", b"<").replace(b"> ", b">")


def mutate_npy(data: bytes, rng: random.Random) -> bytes:
    """Replaces the description in the header of an npy file."""
    kind = rng.choice(("<f4", "|O", "<U999999", "<M8[ns]", "<c16", "<f2", "|V9", ">f8", "|b1", "<i8", "f4,(9,9)f8"))
    shape = rng.choice(("(160, 2)", "()", "(0, 2)", "(-1, 2)", "(160, 10**9)", "(9999999999, 2)", "(1,) * 99", "(2,)"))
    header = f"{{'descr': '{kind}', 'fortran_order': {rng.choice(('True', 'False', '9'))}, 'shape': {shape}, }}\n"
    start = 10 + int.from_bytes(data[8:10], "little")
    version = rng.choice((b"\x01\x00", b"\x02\x00", b"\x03\x00", b"\x09\x00"))
    width = 2 if version[0] == 1 else 4
    length = rng.choice((len(header), len(header), 0, (1 << 8 * width) - 1))
    return b"\x93NUMPY" + version + length.to_bytes(width, "little") + header.encode() + data[start:]


def mutate_parquet(data: bytes, rng: random.Random) -> bytes:
    """Mutates the footer of a Parquet file, or states another length of it."""
    length = int.from_bytes(data[-8:-4], "little")
    body, footer = data[: -8 - length], data[-8 - length : -8]
    if rng.random() < 0.3:
        length = rng.choice((0, 1, length // 2, length + 1, len(data), 0x7FFFFFFF, 0xFFFFFFFF))
    else:
        footer = mutate_bytes(footer, rng)
        length = len(footer)
    return body + footer + (length & 0xFFFFFFFF).to_bytes(4, "little") + rng.choice((b"PAR1", b"PAR1", b"PARE"))


_CALL = b"cos\nsystem\n(S'touch it-ran'\ntR"
_INSTRUCTIONS = (
    _CALL,
    b"(S'touch it-ran'\nios\nsystem\n",
    b"\x8c\x02os\x8c\x06system\x93\x8c\x0ctouch it-ran\x85R",
    b"cbuiltins\neval\n\x8c\x011\x85R",
    b"ctorch\nload\n",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch\nempty\n(J\xff\xff\xff\x7ftR",
    b"c__builtin__\nset\n",
    b"ccollections\nOrderedDict\n)R",
    b"c\n\n",
    b"Q",  # BINPERSID
    b"P1\n",
    b"0",
    b"1",
    b"2",
    b"(",
    b"t",
    b"l",
    b"d",
    b"s",
    b"u",
    b"a",
    b"e",
    b"b",
    b"R",
    b"o",
    b"\x81",
    b"\x92",
    b"\x93",
    b"\x94",
    b"\x97",
    b"\x98",
    b"\x90",
    b"\x91",
    b".",
    b"N",
    b"\x88",
    b"}",
    b"]",
    b")",
    b"\x85",
    b"(" * 3000,
    b"]\x94a" * 500,
    b"\x8b\xff\xff\xff\x7f",  # LONG4 of 2 GiB
    b"\x8a\xff" + b"\xff" * 255,
    b"\x96" + b"\xff" * 8,  # BYTEARRAY8
    b"\x8e" + b"\xff" * 8,  # BINBYTES8
    b"\x95" + b"\xff" * 8,  # FRAME
    b"X\xff\xff\xff\x7f",
    b"r\xff\xff\xff\xff",  # LONG_BINPUT
    b"j\xff\xff\xff\xff",
    b"I" + b"9" * 5000 + b"\n",
    b"F1e999\n",
    b"V\\ud800\n",
    b"\x82\x01",
    b"\x80\x09",
    b"G\x7f\xf8\0\0\0\0\0\0",
)
_WORDS = (
    b"",
    b"nan",
    b"-inf",
    b"1e999",
    b"-1",
    b"99999999999999999999999",
    b"0x10",
    b"1_000",
    b"12:30:45",
    b"!!python/object/apply:os.system [touch it-ran]",
    b"!!binary |\n aGk=",
    b"!!set {a, b}",
    b"&a [*a, *a]",
    b"<<: *a",
    b"{names: {0: a, 0: b}}",
    b"? [a]: b",
    b"---\nnames: [a]\n---\n",
    b"{" * 200,
    b"'",
    b'"',
    b"\t",
    b"\n",
    b"\r",
    b"\x00",
    b"\xff\xfe",
    b"<!DOCTYPE a [<!ENTITY b 'cccc'>]>",
    b"&b;",
    b"<![CDATA[",
    b"<object>" * 300,
    b"</annotation>",
    b"0001-01-01",
    b"9999-12-31T23:59:59.999999999",
    b"2026-01-01 00:00:00+14:00",
    b"=cmd|'/c calc'!A0",
    b"," * 3000,
    b"x" * 200_000,
    b"../../../etc/passwd",
    b"/dev/zero",
    "٣".encode(),
    "🙂".encode(),
)
