import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from zoo.errors import ZooError
from zoo.run.create import create_model
from zoo.tasks.embedding.baselines import baselines, embeddings
from zoo.tasks.embedding.metrics import compared_pairs


def test_eigenfaces_equal_an_eigendecomposition_of_the_training_images(data):
    train = data.dataset("train").images.flatten(1).double().numpy() / 255
    test = data.dataset("test").images.flatten(1).double().numpy() / 255
    values, directions = np.linalg.eigh(np.cov(train.T))
    kept = np.argsort(-values)[:60]
    whitened = (test - train.mean(0)) @ directions[:, kept] / np.sqrt(values[kept])
    expected = whitened / np.linalg.norm(whitened, axis=1, keepdims=True)
    vectors = embeddings(data, data.dataset("test").labels)["eigenfaces"]
    cosines = (vectors[:50] @ vectors[:50].T).double().numpy()
    np.testing.assert_allclose(cosines, expected[:50] @ expected[:50].T, atol=0.02)


@pytest.mark.parametrize("measured", [None, 100])
def test_pixels_are_measured_as_scikit_learn_does(data, measured):
    test = data.dataset("test").images.flatten(1).double().numpy()
    centered = test - data.dataset("train").images.flatten(1).double().numpy().mean(0)
    unit = centered / np.linalg.norm(centered, axis=1, keepdims=True)
    labels = data.dataset("test").labels[:measured]
    pairs = compared_pairs(labels)
    cosines = (unit[pairs.first] * unit[pairs.second]).sum(1)
    task = create_model("siamese")
    task.vectors.update(torch.zeros(len(labels), 8))
    task.identities.update(labels)
    found = baselines(data, task)
    assert found["pixels"]["auc"] == pytest.approx(roc_auc_score(pairs.same, cosines), abs=1e-5)
    assert {"auc", "eer", "rank1", "tar_at_far_0.01", "dir_at_far_0.01"} <= found["eigenfaces"].keys()


def test_images_that_are_not_the_first_ones_are_refused(data):
    with pytest.raises(ZooError, match=r"`trainer.limit_test_batches` makes each process test its own images"):
        embeddings(data, data.dataset("test").labels[1:])
