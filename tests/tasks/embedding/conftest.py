import pytest
import torch
from galleries import axis, model

from zoo.tasks.embedding.fingerprint import fingerprint
from zoo.tasks.embedding.gallery import Gallery


@pytest.fixture
def task():
    return model()


@pytest.fixture
def gallery(task):
    gallery = Gallery(fingerprint(task), [], torch.zeros(0, 0))
    gallery.enroll("ann", torch.cat([axis(0), axis(0, 0.2)]))
    gallery.enroll("bob", axis(1))
    return gallery
