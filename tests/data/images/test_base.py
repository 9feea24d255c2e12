import numpy as np
import pytest
import torch
from PIL import Image

from zoo.data.images.base import Preprocessing, TensorImages
from zoo.data.splits import stratified_split, stratified_splits
from zoo.errors import ZooError

MNIST = Preprocessing(size=32, channels=1, mean=(0.5,), std=(0.25,), resize="crop", crop_ratio=32 / 28)


def test_a_split_has_the_fraction_of_every_class():
    labels = np.repeat([0, 1, 2], [100, 50, 10])
    rest, part = stratified_split(labels, 0.2, seed=0)
    assert np.bincount(labels[part]).tolist() == [20, 10, 2]
    assert np.array_equal(np.union1d(rest, part), np.arange(160))
    assert len(np.intersect1d(rest, part)) == 0
    assert not np.array_equal(part, stratified_split(labels, 0.2, seed=1)[1])
    assert np.array_equal(part, stratified_split(labels, 0.2, seed=0)[1])


def test_split_equals_a_loop_over_the_classes():
    labels = np.random.default_rng(0).integers(0, 7, 500)
    generator, part = np.random.default_rng(3), np.zeros(500, dtype=bool)
    for label in range(7):
        members = generator.permutation(np.flatnonzero(labels == label))
        part[members[: round(0.2 * len(members))]] = True
    assert np.array_equal(stratified_split(labels, 0.2, seed=3)[1], np.flatnonzero(part))


def test_a_split_keeps_every_class_in_both_subsets():
    labels = np.repeat([0, 1], [2, 3])
    for fraction in (0.01, 0.99):
        rest, part = stratified_split(labels, fraction, seed=0)
        assert set(labels[rest]) == set(labels[part]) == {0, 1}


def test_a_large_first_split_leaves_samples_of_every_class_for_the_later_ones():
    cut = stratified_splits(np.repeat([0, 1], [3, 50]), {"test": 0.9, "val": 0.05}, seed=0)
    assert {name: len(part) for name, part in cut.items()} == {"test": 46, "val": 4, "train": 3}
    assert sorted(np.concatenate(list(cut.values()))) == list(range(53))


def test_a_class_of_one_sample_cannot_be_split():
    with pytest.raises(ZooError, match=r"class 1 has too few samples \(1\)"):
        stratified_split(np.array([0, 0, 1]), 0.5, seed=0)
    with pytest.raises(ZooError, match=r"\(=1\.5\) must be between 0 and 1"):
        stratified_split(np.array([0, 0]), 1.5, seed=0)


def test_preprocessing_survives_to_dict():
    assert Preprocessing.from_dict(MNIST.to_dict()) == MNIST
    assert all(type(value) in (int, float, str, list) for value in MNIST.to_dict().values())


def test_a_file_and_a_batch_are_preprocessed_alike(tmp_path):
    images = torch.randint(0, 256, (3, 1, 28, 28), dtype=torch.uint8)
    Image.fromarray(images[1, 0].numpy()).save(tmp_path / "a.png")
    batch = MNIST.normalize(MNIST.resize_images(images))
    assert batch.shape == (3, 1, 32, 32)
    assert torch.equal(MNIST.normalize(MNIST.read(tmp_path / "a.png")[None]), batch[1:2])
    assert torch.allclose(batch[:, :, 2:-2, 2:-2] * 0.25 + 0.5, images / 255)


def test_a_batch_is_one_indexing_call():
    data = TensorImages(torch.arange(4, dtype=torch.uint8).view(4, 1, 1, 1), torch.tensor([0, 1, 2, 3]))
    images, labels = data[torch.tensor([2, 0])]
    assert images.flatten().tolist() == labels.tolist() == [2, 0]
