"""The two formats of `torch.save`: the zip archive, and the stream of pickles that PyTorch wrote before version 1.6."""

import os
import zipfile
from io import BufferedIOBase, BufferedReader
from typing import Any

import torch

from zoo.tensor_files.builders import Builders, Storage
from zoo.tensor_files.unpickler import RefusedPickle, Unpickler

_PICKLE = 1 << 26  # bytes at most: the pickle of a million tensors is larger, that of any model is smaller
_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_ENCRYPTED = 0x1


def read_archive(file: BufferedReader, *, harmless: bool) -> Any:
    """Reads a zip archive of `torch.save`.

    Raises:
        RefusedPickle: compressed or overlapping records, which take more memory than the file, or a hostile pickle.
        Exception: any other, if the file is damaged.
    """
    size = os.fstat(file.fileno()).st_size
    with zipfile.ZipFile(file) as archive:
        records = {info.filename: info for info in archive.infolist()}
        if len(records) < len(archive.infolist()) or sum(info.file_size for info in records.values()) > size:
            raise RefusedPickle("records that are larger together than the file")
        if any(info.compress_type or info.flag_bits & _ENCRYPTED for info in records.values()):
            raise RefusedPickle("compressed records")
        (pickle,) = (name for name in records if name.count("/") == 1 and name.endswith("/data.pkl"))
        folder = pickle.partition("/")[0]
        if f"{folder}/byteorder" in records and archive.read(f"{folder}/byteorder") == b"big":
            raise RefusedPickle("numbers in big-endian order")
        if records[pickle].file_size > _PICKLE:
            raise RefusedPickle("a pickle of absurd size")
        read: dict[str, torch.UntypedStorage] = {}

        def storage(described: Any) -> Storage:
            dtype, key, count = _described(described)
            if key not in read:
                read[key] = _record(archive, records[f"{folder}/data/{key}"])
            if count * dtype.itemsize > read[key].nbytes():
                raise EOFError
            return Storage(read[key], dtype)

        return Unpickler(archive.read(pickle), Builders(size, harmless=harmless).find, storage).load()


def read_stream(file: BufferedReader, *, harmless: bool) -> Any:
    """Reads the older format: five pickles, then the bytes of each storage after their number.

    Raises:
        RefusedPickle: a hostile pickle.
        Exception: any other, if the file is damaged or of another kind.
    """
    size = os.fstat(file.fileno()).st_size
    builders = Builders(size, harmless=harmless)
    storages: dict[str, Storage] = {}

    def storage(described: Any) -> Storage:
        dtype, key, count = _described(described)
        if described[5] if len(described) > 5 else None:
            raise RefusedPickle("a view of a storage")
        if key not in storages:
            if sum(each.bytes.nbytes() for each in storages.values()) + count * dtype.itemsize > size:
                raise EOFError
            storages[key] = Storage(torch.UntypedStorage(count * dtype.itemsize), dtype)
        return Storage(storages[key].bytes, dtype)

    data, position, pickles = file.read(_PICKLE), 0, []
    for number in range(5):
        unpickler = Unpickler(data, builders.find, storage, position)
        pickles.append(unpickler.load())
        position = unpickler.position
        if number < 2 and pickles[-1] != (_MAGIC, _PROTOCOL)[number]:
            raise RefusedPickle("no tensors")
    file.seek(position)
    for key in pickles[4]:
        data_type = storages[key]
        if int.from_bytes(file.read(8), "little") * data_type.dtype.itemsize != data_type.bytes.nbytes():
            raise EOFError
        _fill(file, data_type.bytes)
    if len(pickles[4]) != len(storages):
        raise EOFError
    return pickles[3]


def _described(described: Any) -> tuple[torch.dtype, str, int]:
    """The dtype, the key and the number of elements of `("storage", type, key, location, elements, …)`."""
    kind, dtype, key, _, count = described[:5]
    if kind != "storage" or not isinstance(dtype, torch.dtype) or not isinstance(key, str) or type(count) is not int:
        raise RefusedPickle("a reference to something else than a storage")
    if count < 0:
        raise ValueError("a negative size")
    return dtype, key, count


def _record(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> torch.UntypedStorage:
    data = torch.UntypedStorage(info.file_size)
    with archive.open(info) as record:
        assert isinstance(record, BufferedIOBase)
        _fill(record, data)
    return data


def _fill(file: BufferedIOBase, data: torch.UntypedStorage) -> None:
    """Reads the bytes of a storage.

    Raises:
        EOFError: the file is cut short.
    """
    view: Any = torch.empty(0, dtype=torch.uint8).set_(data).numpy()
    done = 0
    while done < len(view):
        if not (read := file.readinto(view[done:])):
            raise EOFError
        done += read
