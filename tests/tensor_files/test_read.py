"""Files of tensors are read as torch reads them, and no file takes more than its size allows."""

import os
import pickle
import zipfile
from collections import OrderedDict

import pytest
import torch
from torch import nn

from zoo.errors import ZooError
from zoo.tensor_files.read import read_tensors

GLOBAL = {"bytearray": b"cbuiltins\nbytearray\n", "ordered": b"ccollections\nOrderedDict\n"}


def same(ours, theirs):
    if isinstance(theirs, torch.Tensor):
        assert (ours.dtype, ours.shape, ours.stride()) == (theirs.dtype, theirs.shape, theirs.stride())
        return torch.equal(ours, theirs)
    if isinstance(theirs, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], value) for key, value in theirs.items())
    if isinstance(theirs, list | tuple):
        return len(ours) == len(theirs) and all(map(same, ours, theirs))
    return ours == theirs


def content():
    network = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2))
    optimizer = torch.optim.AdamW(network.parameters())
    network(torch.randn(2, 1, 5, 5)).sum().backward()
    optimizer.step()
    x = torch.randn(6, 5)
    kinds = [x, x.t(), x[2:4, 1:3], x.double(), x.half(), x.bfloat16(), torch.arange(3), torch.tensor(True), x[:0]]
    plain = [None, True, -5, 10**20, 1.5, "ä\n", b"abc", (1, 2, (3,)), {1, 2}, torch.Size([2, 3]), torch.float32]
    return {
        "kinds": [*kinds, nn.Parameter(x).detach()],
        "plain": plain,
        "network": network.state_dict(),
        "optimizer": optimizer.state_dict(),
        "ordered": OrderedDict(a=1),
    }


@pytest.mark.parametrize("zipped", [True, False])
def test_both_formats_are_read_as_torch_reads_them(tmp_path, zipped):
    torch.save(content(), path := tmp_path / "x.pt", _use_new_zipfile_serialization=zipped)
    ours, theirs = read_tensors(path), torch.load(path, weights_only=True)
    assert same(ours, theirs)
    assert ours["network"]._metadata == theirs["network"]._metadata


def archive(path, pickled, compression=zipfile.ZIP_STORED, records=()):
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("x/data.pkl", pickled)
        for name, data in records:
            file.writestr(f"x/data/{name}", data)


def tensor(size, stride):
    """The pickle of a tensor of four bytes of storage that claims to be larger."""
    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\0" + b"0X\x03\0\0\0cpuK\x01tQ"
    sides = b"".join(b"(" + b"".join(b"J" + n.to_bytes(4, "little") for n in part) + b"t" for part in (size, stride))
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + sides + b"\x89}tR"


BOMBS = {
    "bytearray": b"\x80\x02" + GLOBAL["bytearray"] + b"(J\xff\xff\xff\x7ftR.",
    "ordered": b"\x80\x02" + GLOBAL["ordered"] + b"(" + tensor([9], [0]) + b"tR.",
    "expanded": b"\x80\x02" + tensor([1 << 30, 4], [0, 0]) + b".",
    "beyond": b"\x80\x02" + tensor([64], [1]) + b".",
    "keys": b"\x80\x02}" + b")" + b"\x85" * 100_000 + b"Ns.",
    "nested": b"\x80\x02" + b"]" * 100_000 + b"a" * 99_999 + b".",
    "shared": b"\x80\x02]" + b"".join(b"q\x00](h\x00h\x00e" for _ in range(38)) + b".",
    "itself": b"\x80\x02]q\x00h\x00a.",
    "memo": b"\x80\x02Nr\xff\xff\xff\xff.",
    "text": b"\x80\x02X\xff\xff\xff\x7fa.",
    "code": pickle.dumps(os.getcwd, protocol=2),
    "protocol 4": pickle.dumps({"a": 1}, protocol=4),
    "empty": b"",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_pickle_takes_what_the_file_holds(tmp_path, name):
    archive(path := tmp_path / "x.pt", BOMBS[name], records=[("0", bytes(4))])
    if name == "memo":
        assert read_tensors(path) is None  # one entry, and not a table of 2**32
        return
    with pytest.raises(ZooError, match="is refused|is cut short or damaged"):
        read_tensors(path)


def test_records_are_no_larger_than_the_file(tmp_path):
    archive(path := tmp_path / "x.pt", b"\x80\x02N.", zipfile.ZIP_DEFLATED, [("0", bytes(1 << 20))])
    with pytest.raises(ZooError, match="x.pt is refused"):
        read_tensors(path)


def test_pipes_folders_and_missing_files(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, message in {"pipe": "is a pipe or a device", "": "is a folder", "none": "none does not exist"}.items():
        with pytest.raises(ZooError, match=message):
            read_tensors(tmp_path / name)
    with pytest.raises(ZooError, match="/dev/zero is a pipe or a device, not a file"):
        read_tensors("/dev/zero")
