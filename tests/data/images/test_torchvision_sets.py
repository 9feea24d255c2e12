import gzip
import hashlib
import os
import pickle
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torchvision import datasets

from zoo.data.images import torchvision_files
from zoo.data.images.files import to_channels
from zoo.data.images.torchvision_files import SETS, read_set
from zoo.data.images.torchvision_sets import TorchvisionImages, mean_and_std
from zoo.errors import ZooError

DATA = Path(os.environ.get("ZOO_TEST_DATA", Path(__file__).parents[3] / "../shared/data"))
RNG = np.random.default_rng(0)


def build(name: str, root: Path, **changes) -> TorchvisionImages:
    values = {
        "name": name,
        "root": str(root),
        "download": False,
        "image_size": 32,
        "padding": 2 if "mnist" in name else 0,
        "padding_value": 0.0,
        "mean": None,
        "std": None,
        "channels": 1 if "mnist" in name else 3,
        "val_fraction": 0.1,
        "batch_size": 8,
        "num_workers": 0,
        "seed": 0,
        "augmentation": None,
    }
    return TorchvisionImages(**values | changes)


def idx(values: np.ndarray) -> bytes:
    return bytes([0, 0, 8, values.ndim]) + np.array(values.shape, dtype=">u4").tobytes() + values.tobytes()


def write_mnist(folder: Path, *, packed: bool) -> None:
    folder.mkdir(parents=True)
    for prefix, count in (("train", 100), ("t10k", 20)):
        images = RNG.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        for name, values in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
            if packed:
                (folder / f"{name}.gz").write_bytes(gzip.compress(idx(values)))
            else:
                (folder / name).write_bytes(idx(values))


@pytest.mark.parametrize("packed", [True, False])
def test_mnist_is_read_plain_or_compressed_without_writing(tmp_path, packed):
    raw = tmp_path / "MNIST" / "raw"
    write_mnist(raw, packed=packed)
    before = sorted(tmp_path.rglob("*"))
    data = build("mnist", tmp_path)
    assert data.metadata() == {"num_classes": 10, "in_channels": 1, "image_size": 32}
    assert data.card()["class_names"] == list("0123456789")
    assert [len(data.dataset(name)) for name in ("train", "val", "test")] == [90, 10, 20]
    assert torch.bincount(data.dataset("val").labels).tolist() == [1] * 10
    assert sorted(tmp_path.rglob("*")) == before


def test_idx_files_equal_those_of_torchvision(tmp_path):
    write_mnist(tmp_path / "FashionMNIST" / "raw", packed=False)
    theirs = datasets.FashionMNIST(tmp_path, train=False)
    ours = build("fashion_mnist", tmp_path)
    test = ours.dataset("test")
    assert torch.equal(test.images[:, 0], theirs.data)
    assert torch.equal(test.labels, theirs.targets)
    assert ours.class_names == theirs.classes


def test_batches_are_padded_and_normalized(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw", packed=True)
    data = build("mnist", tmp_path)
    raw, labels = data.dataset("train")[torch.arange(4)]
    images, same = data.normalize((raw, labels))
    mean, std = data.preprocessing.mean[0], data.preprocessing.std[0]
    assert images.shape == (4, 1, 32, 32)
    assert torch.allclose(images[..., 2:-2, 2:-2], (raw / 255 - mean) / std, atol=1e-6)
    assert torch.allclose(images[..., 0, :], torch.tensor(-mean / std))
    assert torch.equal(same, labels)


@pytest.mark.parametrize(("size", "channels"), [(28, 1), (64, 3)])
def test_images_are_resized_and_converted(tmp_path, size, channels):
    write_mnist(tmp_path / "MNIST" / "raw", packed=True)
    data = build("mnist", tmp_path, image_size=size, channels=channels)
    images, _ = data.normalize(data.dataset("test")[torch.arange(3)])
    assert images.shape == (3, channels, size, size)
    assert data.metadata()["in_channels"] == channels


def write_cifar(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = root / "cifar-10-batches-py"
    folder.mkdir()

    def write(name: str, content: dict) -> str:
        data = pickle.dumps(content)
        (folder / name).write_bytes(data)
        return hashlib.md5(data).hexdigest()

    batches = []
    for name in ("data_batch_1", "data_batch_2", "test_batch"):
        pixels = RNG.integers(0, 256, (40, 3072), dtype=np.uint8)
        batches.append((name, write(name, {"data": pixels, "labels": [i % 10 for i in range(40)]})))
    names = datasets.CIFAR10.meta | {"md5": write("batches.meta", {"label_names": list("abcdefghij")})}
    monkeypatch.setattr(datasets.CIFAR10, "train_list", batches[:2])
    monkeypatch.setattr(datasets.CIFAR10, "test_list", batches[2:])
    monkeypatch.setattr(datasets.CIFAR10, "meta", names)


def test_cifar_equals_that_of_torchvision(tmp_path, monkeypatch):
    write_cifar(tmp_path, monkeypatch)
    data = build("cifar10", tmp_path)
    test, theirs = data.dataset("test"), datasets.CIFAR10(tmp_path, train=False)
    assert np.array_equal(test.images.permute(0, 2, 3, 1).numpy(), theirs.data)
    assert data.class_names == list("abcdefghij")
    assert data.metadata() == {"num_classes": 10, "in_channels": 3, "image_size": 32}
    gray = build("cifar10", tmp_path, channels=1)
    assert torch.equal(gray.dataset("test").images, to_channels(test.images, 1))


def test_a_changed_cifar_file_is_refused_before_it_is_unpickled(tmp_path, monkeypatch):
    write_cifar(tmp_path, monkeypatch)
    (tmp_path / "cifar-10-batches-py" / "data_batch_2").write_bytes(b"cos\nabort\n(tR.")
    with pytest.raises(ZooError, match=r"CIFAR10 is not in `.*` \(missing, or not as published\)"):
        build("cifar10", tmp_path).setup()


@pytest.mark.parametrize(
    ("name", "title", "folder"),
    [
        ("mnist", "MNIST", "MNIST/raw"),
        ("fashion_mnist", "FashionMNIST", "FashionMNIST/raw"),
        ("cifar10", "CIFAR10", "cifar-10-batches-py"),
        ("cifar100", "CIFAR100", "cifar-100-python"),
    ],
)
def test_missing_files_suggest_a_folder_or_a_download(tmp_path, monkeypatch, name, title, folder):
    with pytest.raises(ZooError) as caught:
        build(name, tmp_path / "none").setup()
    message = str(caught.value)
    assert message.startswith(f"{title} is not in `{tmp_path / 'none' / folder}` (")
    assert message.endswith("give data.root=FOLDER where its files are, or data.download=true to fetch them")

    def no_network(*args, **kwargs):
        raise URLError("no route to some.host")

    monkeypatch.setattr(urllib.request, "urlopen", no_network)
    with pytest.raises(ZooError) as caught:
        build(name, tmp_path / "none", download=True).setup()
    assert str(caught.value) == (
        f"{title} is not in `{tmp_path / 'none' / folder}` and could not be downloaded: try again with a network, "
        "or bring its files from elsewhere and give data.root=FOLDER data.download=false"
    )


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x03short", b"no idx at all", gzip.compress(b"x", mtime=0)[:-4]])
def test_damaged_files_are_named(tmp_path, content):
    raw = tmp_path / "MNIST" / "raw"
    write_mnist(raw, packed=True)
    packed = content if content[:2] == b"\x1f\x8b" else gzip.compress(content)
    (raw / "t10k-images-idx3-ubyte.gz").write_bytes(packed)
    with pytest.raises(ZooError, match=r"\(t10k-images-idx3-ubyte(\.gz)? is damaged\)"):
        build("mnist", tmp_path).setup()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "cifar11"}, "`data.name` (=cifar11) must be one of mnist, fashion_mnist, cifar10, cifar100"),
        ({"channels": 2}, "`data.channels` (=2) must be 1 (gray) or 3 (color)"),
        ({"padding": -1}, "`data.padding` (=-1) must not be negative"),
        ({"padding_value": 1.5}, "`data.padding_value` (=1.5) must be a number from 0 to 1"),
        ({"mean": [0.5, 0.5]}, "`data.mean` (=[0.5, 0.5]) must have 1 values, one for each channel"),
        ({"image_size": 0}, "`data.image_size` (=0) must be positive"),
    ],
)
def test_invalid_values_are_refused(tmp_path, change, message):
    with pytest.raises(ZooError) as caught:
        build(**{"name": "mnist", "root": tmp_path} | change)
    assert str(caught.value) == message


def test_statistics_and_the_padded_value_can_be_set(tmp_path):
    write_mnist(tmp_path / "MNIST" / "raw", packed=False)
    data = build("mnist", tmp_path, mean=[0.5], std=[0.25], padding_value=0.5)
    batch = data.dataset("test")[torch.arange(3)]
    images, _ = data.normalize(batch)
    assert images[..., 0, :].abs().max() < 0.5 / 255 / 0.25 + 1e-6  # the mean, in steps of 8 bits
    assert torch.allclose(images[..., 2:-2, 2:-2], (batch[0] / 255 - 0.5) / 0.25, atol=1e-6)
    assert data.card()["preprocessing"]["border"] == 0.5
    assert not data.normalize_as({"mean": [0.1], "std": [0.1]})


def test_mean_and_std_are_exact():
    images = torch.from_numpy(RNG.integers(0, 256, (50, 3, 7, 5), dtype=np.uint8))
    mean, std = mean_and_std(images)
    values = images.double() / 255
    assert mean == tuple(round(m.item(), 4) for m in values.mean((0, 2, 3)))
    assert std == tuple(round(s.item(), 4) for s in values.std((0, 2, 3), correction=0))


@pytest.mark.data
def test_reads_the_published_mnist():
    if not (DATA / "mnist" / "MNIST").is_dir():
        pytest.skip(f"no MNIST in {DATA}")
    data = build("mnist", DATA / "mnist")
    assert [len(data.dataset(name)) for name in ("train", "val", "test")] == [54_001, 5_999, 10_000]
    assert data.preprocessing.mean[0] == pytest.approx(0.1307, abs=2e-4)  # the published value
    assert data.preprocessing.std[0] == pytest.approx(0.3081, abs=2e-4)
    assert data.dataset("test").labels[:5].tolist() == [7, 2, 1, 0, 4]


def test_one_of_several_processes_downloads(tmp_path, monkeypatch):
    fetched = []

    class Slow(datasets.MNIST):
        def download(self):
            fetched.append(1)
            time.sleep(0.3)
            write_mnist(Path(self.raw_folder), packed=False)

        def _load_data(self):
            return torch.empty(0), torch.empty(0)

    monkeypatch.setitem(SETS, "mnist", Slow)
    monkeypatch.setattr(torchvision_files, "_folder", lambda name, root: root / "Slow" / "raw")
    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(lambda _: read_set("mnist", tmp_path, download=True), range(2)))
    assert len(fetched) == 1
    assert torch.equal(parts[0][0].images, parts[1][0].images)
