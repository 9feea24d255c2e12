import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from zoo.baselines.embedding import baselines, embeddings
from zoo.build import create_model
from zoo.data.digits_identities import DigitsIdentities
from zoo.metrics.embedding import compared_pairs


@pytest.fixture
def data():
    return DigitsIdentities(
        image_size=8,
        val=[5, 6],
        test=[7, 8, 9],
        batch_size=8,
        images_per_identity=2,
        steps_per_epoch=1,
        num_workers=0,
        seed=0,
        turns=1,
        augmentation=None,
    )


def test_eigenfaces_equal_an_eigendecomposition_of_the_training_pictures(data):
    train = data.split("train").images.flatten(1).double().numpy() / 255
    test = data.split("test").images.flatten(1).double().numpy() / 255
    values, directions = np.linalg.eigh(np.cov(train.T))
    kept = np.argsort(-values)[:60]
    whitened = (test - train.mean(0)) @ directions[:, kept] / np.sqrt(values[kept])
    expected = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    vectors, identities = embeddings(data)["eigenfaces"]
    cosines = (vectors[:50] @ vectors[:50].T).double().numpy()
    np.testing.assert_allclose(cosines, expected[:50] @ expected[:50].T, atol=0.02)
    assert torch.equal(identities, data.split("test").labels)


def test_pixels_are_measured_as_scikit_learn_does(data):
    test = data.split("test").images.flatten(1).double().numpy()
    centred = test - data.split("train").images.flatten(1).double().numpy().mean(0)
    unit = centred / np.linalg.norm(centred, axis=1, keepdims=True)
    pairs = compared_pairs(data.split("test").labels)
    cosines = (unit[pairs.first] * unit[pairs.second]).sum(1)
    found = baselines(data, create_model("siamese"))
    assert found["pixels"]["auc"] == pytest.approx(roc_auc_score(pairs.same, cosines), abs=1e-5)
    assert {"auc", "eer", "rank1", "tar_at_far_0.01", "dir_at_far_0.01"} <= found["eigenfaces"].keys()
