"""Volumes in class folders and in stacks."""

import gzip
import io

import numpy as np
import pytest
import torch

from zoo.data.sample_names import sample_name
from zoo.data.volumes.augment import turned
from zoo.data.volumes.base import measured_statistics
from zoo.data.volumes.datasets import TensorVolumes
from zoo.data.volumes.folder import Volumes
from zoo.errors import ZooError

OPTIONS = {
    "augmentation": None,
    "batch_size": 4,
    "num_workers": 0,
    "seed": 0,
    "size": None,
    "val_fraction": 0.2,
    "test_fraction": 0.2,
    "turn_test": None,
    "cache_mb": 64,
}
RNG = np.random.default_rng(0)


@pytest.fixture
def tree(tmp_path):
    """Ten volumes of two classes; the values of a class tell it."""
    for number, name in enumerate(("cube", "ball")):
        (tmp_path / name).mkdir()
        for index in range(10):
            np.save(tmp_path / name / f"{index}.npy", (RNG.random((6, 6, 6)) + 2 * number).astype(np.float32))
    return tmp_path


def read_all(data):
    for split in ("train", "val", "test"):
        data.dataset(split)[torch.arange(len(data.dataset(split)))]


def volumes(root, **options):
    return Volumes(root=str(root), **{**OPTIONS, **options})


def test_a_folder_is_read_lazily_as_in_memory(tree):
    held, lazy = volumes(tree), volumes(tree, cache_mb=0)
    assert held.metadata() == {"num_classes": 2, "in_channels": 1, "volume_size": [6, 6, 6]}
    assert held.card() == lazy.card()
    for split, count in (("train", 12), ("val", 4), ("test", 4)):
        mine, other = held.dataset(split), lazy.dataset(split)
        assert (mine.in_memory, other.in_memory) == (True, False)
        assert len(mine) == len(other) == count
        for a, b in zip(mine[torch.arange(count)], other[torch.arange(count)], strict=True):
            assert torch.equal(a, b)
    values, labels = held.dataset("test")[torch.arange(4)]
    assert held.class_names == ["ball", "cube"]
    assert labels.tolist() == [int(mean < 1) for mean in values.mean((1, 2, 3, 4))]


def test_the_statistics_are_those_of_the_training_part(tree):
    data = volumes(tree)
    batch = data.dataset("train")[torch.arange(12)]
    normal = data.normalize(batch)[0]
    assert normal.mean().abs() < 1e-3
    assert (normal.std() - 1).abs() < 1e-3
    torch.testing.assert_close(data.preprocessing.denormalize(normal), batch[0])


def test_a_constant_channel_is_left_as_it_is():
    constant = torch.full((6, 1, 3, 3, 3), 0.1)
    assert measured_statistics(TensorVolumes(constant, torch.zeros(6, dtype=torch.long)), 0) == ((0.1,), (1.0,))


@pytest.mark.parametrize("ending", ["npy", "npy.gz"])
def test_stacks(tmp_path, ending):
    for number, name in enumerate(("chair", "desk")):
        buffer = io.BytesIO()
        np.save(buffer, np.full((10, 2, 4, 4, 4), number, dtype=np.uint8))
        content = buffer.getvalue()
        (tmp_path / f"{name}.{ending}").write_bytes(gzip.compress(content) if "gz" in ending else content)
    for cache in (0, 64):
        data = volumes(tmp_path, cache_mb=cache)
        assert data.metadata() == {"num_classes": 2, "in_channels": 2, "volume_size": [4, 4, 4]}
        values, labels = data.dataset("test")[torch.arange(4)]
        assert torch.equal(values.amax((1, 2, 3, 4)).long(), labels)


@pytest.mark.parametrize("cache", [0, 64])
def test_the_test_volumes_are_turned(tree, cache):
    plain, other = (volumes(tree, cache_mb=cache, turn_test=axis) for axis in (None, "height"))
    a, b = (data.dataset("test")[torch.arange(4)][0] for data in (plain, other))
    assert torch.equal(turned(a, 1), b)
    assert torch.equal(plain.dataset("train")[torch.arange(4)][0], other.dataset("train")[torch.arange(4)][0])


def test_other_sizes_are_resized_on_request(tree):
    np.save(tree / "cube" / "odd.npy", np.zeros((6, 6, 9), dtype=np.float32))
    for cache in (0, 64):
        with pytest.raises(ZooError, match=r"6×6×9 in 1 file \(cube/odd.npy\): data.size=\[6,6,6\] resizes all"):
            volumes(tree, cache_mb=cache).setup()
    assert volumes(tree, size=[4, 5, 6]).metadata()["volume_size"] == [4, 5, 6]


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((6, 6, 7), r"6×6×6 in 19 files \(ball/1.npy, .*\), 6×6×7 in 1 file \(ball/0.npy\): data.size=\[6,6,6\]"),
        ((2, 6, 6, 6), r"1 channel in 19 files \(ball/1.npy, .*\), 2 channels in 1 file \(ball/0.npy\)"),
        (
            (6, 6, 6, 1),
            r"ball/0.npy`: it has the shape \[6, 6, 6, 1\], with channels last, .* np.moveaxis\(array, -1, 0\)",
        ),
    ],
)
@pytest.mark.parametrize("cache", [0, 64])
def test_the_odd_file_is_named_though_it_is_the_first(tree, shape, message, cache):
    np.save(tree / "ball" / "0.npy", np.ones(shape, dtype=np.float32))
    with pytest.raises(ZooError, match=message):
        volumes(tree, cache_mb=cache).setup()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"size": [4, 4]}, r"`data.size` \(=\[4, 4\]\) must be \[depth,height,width\]"),
        ({"turn_test": "z"}, r"`data.turn_test` \(=z\) must be one of: depth, height, width"),
        ({"val_fraction": 0.6, "test_fraction": 0.5}, "must be positive and leave something to train on"),
        ({"batch_size": 0}, r"`data.batch_size` \(=0\)"),
    ],
)
def test_bad_options(tree, options, message):
    with pytest.raises(ZooError, match=message):
        volumes(tree, **options)


def test_bad_folders(tmp_path, tree):
    with pytest.raises(ZooError, match=r"does not exist: data.root=FOLDER must hold a folder of volumes"):
        volumes(tmp_path / "no").setup()
    (tree / "cone").mkdir()
    with pytest.raises(ZooError, match=r"the class folder `.*cone` has no volumes"):
        volumes(tree).setup()
    np.save(tree / "cone" / "1.npy", np.zeros((2, 6, 6, 6)))
    with pytest.raises(ZooError, match=r"class `cone` has 1 volume: at least 3 are needed"):
        volumes(tree).setup()


@pytest.mark.parametrize("cache", [0, 64])
def test_empty_volumes_are_named(tree, caplog, cache):
    for number in (1, 2):
        (tree / "cube" / f"{number}.npy").unlink()
    np.save(tree / "cube" / "hollow.npy", np.full((6, 6, 6), 3, dtype=np.float32))
    data = volumes(tree, cache_mb=cache)
    read_all(data)
    assert caplog.text.count("with one value in all voxels: cube/hollow.npy\n") == 1
    assert ["cube/hollow.npy" in note for note in data.notes] == ([True] if cache else [])


@pytest.mark.parametrize("cache", [0, 64])
def test_samples_have_the_names_of_their_files(tree, tmp_path, cache):
    test = volumes(tree, cache_mb=cache, turn_test="height").dataset("test")
    for index in range(len(test)):
        values = np.load(tree / sample_name(test, index))
        assert torch.equal(turned(torch.from_numpy(values)[None], 1), test[torch.tensor([index])][0][0])
