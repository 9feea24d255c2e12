"""Reads a small set in the published format with scikit-learn's reader."""

import pytest
import torch
from PIL import Image

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate
from zoo.data.identities.lfw_pairs import LfwPairs
from zoo.errors import ZooError
from zoo.ops.distances import pairwise_squared_distances
from zoo.ops.identities import groups_of
from zoo.tasks.embedding.metrics import compared_pairs, embedding_metrics

PAIRED = [f"In_Pairs{i}" for i in range(20)]
FREE = [f"Free_Person{i}" for i in range(8)]


@pytest.fixture
def root(tmp_path):
    home = tmp_path / "lfw_home"
    for number, name in enumerate([*PAIRED, *FREE]):
        folder = home / "lfw_funneled" / name
        folder.mkdir(parents=True)
        for i in (1, 2):
            Image.new("RGB", (250, 250), (9 * number, 250 - 9 * number, 120 + i)).save(folder / f"{name}_{i:04}.jpg")
    lines = ["10\t1"]  # ten folds with one pair of each kind
    for fold in range(10):
        lines += [f"{PAIRED[fold]}\t1\t2", f"{PAIRED[fold]}\t1\t{PAIRED[fold + 10]}\t2"]
    for file in ("pairs.txt", "pairsDevTrain.txt", "pairsDevTest.txt"):
        (home / file).write_text("\n".join(lines))
    return tmp_path


def build(root, **changes):
    config = to_dict(compose(["model=siamese", "data=lfw_pairs", f"data.root={root}"]))["data"]
    data = instantiate(config | {"image_size": 16, "num_workers": 0} | changes, "data")
    assert isinstance(data, LfwPairs)
    data.setup()
    return data


def test_tests_on_the_published_pairs_and_trains_on_other_people(root):
    data = build(root)
    identities = data.dataset("test").labels
    pairs = compared_pairs(identities)
    assert len(pairs.first) == 20
    assert pairs.same.tolist() == [True, False] * 10
    assert groups_of(identities)[pairs.first].tolist() == list(range(20))
    counts = [len(data.dataset(name).labels) for name in ("train", "val")]
    assert counts == [12, 4]  # two images of each of the eight people in no pair
    same = pairs.same.nonzero().flatten()
    red = data.dataset("test").images[:, 0].int()
    assert (red[pairs.first[same]] - red[pairs.second[same]]).abs().max() <= 2  # the same image, up to JPEG errors


def test_accuracy_is_the_mean_of_the_folds_without_recognition(root):
    data = build(root)
    test = data.dataset("test")
    vectors = torch.nn.functional.normalize(test.images.float().mean((2, 3)) - 100, dim=1)
    figures = embedding_metrics(vectors, test.labels, pairwise_squared_distances, None)
    assert figures["accuracy_10_folds"] == 1
    assert not {"rank1", "one_shot"} & figures.keys()


def test_names_have_one_spelling_in_all_splits(root):
    splits = build(root).read()
    assert {name for part in splits.values() for name in part.names} == {*PAIRED, *FREE}


def test_too_many_required_images_are_refused(root):
    with pytest.raises(ZooError, match=r"`data.min_images` \(=3\) leaves nobody of data=lfw_pairs: "):
        build(root, min_images=3)


def test_too_few_people_outside_the_pairs_are_refused(root):
    with pytest.raises(ZooError, match=r"`data.val` \(=0.9\) of the 8 people outside the pairs must leave"):
        build(root, val=0.9)
