from types import SimpleNamespace
from urllib.error import URLError

import numpy as np
import pytest

from zoo.data.identities.scikit_faces import ScikitFaces
from zoo.errors import ZooError


def faces(**changes):
    arguments = {
        "faces": "olivetti",
        "root": None,
        "min_images": 2,
        "image_size": 16,
        "val": 0.25,
        "test": 0.25,
        "batch_size": 4,
        "images_per_identity": 2,
        "steps_per_epoch": 1,
        "num_workers": 0,
        "seed": 0,
        "rotations_as_classes": 1,
        "augmentation": None,
    }
    return ScikitFaces(**(arguments | changes))


def bunch(*shape):
    """Twelve people with three images each, as scikit-learn returns them: floats from 0 to 1."""
    images = np.random.default_rng(0).random((36, *shape), dtype=np.float32)
    images[0].fill(1)
    return SimpleNamespace(
        images=images, target=np.repeat(np.arange(12), 3), target_names=np.array([f"person {i}" for i in range(12)])
    )


@pytest.mark.parametrize(("name", "shape", "channels"), [("olivetti", (64, 64), 1), ("lfw", (125, 94, 3), 3)])
def test_people_are_split_at_random(name, shape, channels, monkeypatch):
    loader = {"olivetti": "fetch_olivetti_faces", "lfw": "fetch_lfw_people"}[name]
    monkeypatch.setattr(f"zoo.data.identities.scikit_faces.{loader}", lambda **_: bunch(*shape))
    data = faces(faces=name)
    people = [set(data.dataset(split).labels.tolist()) for split in ("train", "val", "test")]
    assert [len(part) for part in people] == [6, 3, 3]
    assert set().union(*people) == set(range(12))
    assert data.dataset("train").images.shape == (18, channels, 16, 16)
    assert data.dataset("train").images.max() > 100


def test_a_failed_download_suggests_alternatives(monkeypatch):
    def fail(**_):
        raise URLError("no route")

    monkeypatch.setattr("zoo.data.identities.scikit_faces.fetch_olivetti_faces", fail)
    with pytest.raises(ZooError, match="data=olivetti is downloaded by scikit-learn and that failed .*identity_folder"):
        faces().setup()


def test_too_many_required_images_are_refused(monkeypatch):
    def refuse(*, min_faces_per_person, **_):
        raise ValueError(f"min_faces_per_person={min_faces_per_person} is too restrictive")

    monkeypatch.setattr("zoo.data.identities.scikit_faces.fetch_lfw_people", refuse)
    with pytest.raises(ZooError, match=r"`data.min_images` \(=900\) leaves nobody of data=lfw: .*restrictive"):
        faces(faces="lfw", min_images=900).setup()


def test_an_unknown_name_is_refused():
    with pytest.raises(ZooError, match=r"`data.faces` \(=casia\) must be olivetti or lfw"):
        faces(faces="casia")
