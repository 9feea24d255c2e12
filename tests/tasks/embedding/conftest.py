import pytest
import torch
from galleries import axis, model

from zoo.data.identities.digits import DigitsIdentities
from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery import Gallery


@pytest.fixture
def task():
    return model()


def digits() -> DigitsIdentities:
    return DigitsIdentities(
        image_size=8,
        val=[5, 6],
        test=[7, 8, 9],
        batch_size=8,
        images_per_identity=2,
        steps_per_epoch=1,
        num_workers=0,
        seed=0,
        rotations_as_classes=1,
        augmentation=None,
    )


@pytest.fixture(scope="session")
def data():
    """Three digits to test, with baselines that are fitted once."""
    return digits()


@pytest.fixture
def new_data():
    return digits


@pytest.fixture
def gallery(task):
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    gallery.enroll("ann", torch.cat([axis(0), axis(0, 0.2)]))
    gallery.enroll("bob", axis(1))
    return gallery
