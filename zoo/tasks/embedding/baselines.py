"""Baselines of an embedding: eigenfaces and pixels, on the same pairs."""

from weakref import WeakKeyDictionary

import numpy as np
import torch
from jaxtyping import Float, Int
from sklearn.decomposition import PCA
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import DataModule, Split
from zoo.errors import ZooError
from zoo.ops.distances import pairwise_squared_distances
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.metrics import embedding_metrics

_COMPONENTS = 60
_LIMIT = 5_000  # training images at most for the principal components
_FITTED: WeakKeyDictionary[DataModule, PCA] = WeakKeyDictionary()


def baselines(datamodule: DataModule, task: Embedding) -> dict[str, dict[str, float]]:
    """Test metrics of whitened eigenfaces and of pixels, both compared by cosine similarity."""
    identities = task.test_outputs().identities
    return {
        name: embedding_metrics(vectors, identities, pairwise_squared_distances, None)
        for name, vectors in embeddings(datamodule, identities).items()
    }


def embeddings(datamodule: DataModule, measured: Int[Tensor, " n"]) -> dict[str, Float[Tensor, "n d"]]:
    """Unit vectors of the tested images for each baseline; `measured` are the identities of these images.

    Source: Eigenfaces for Recognition (Turk and Pentland, 1991), with the first 60 components whitened.

    Raises:
        ZooError: the tested images are not the first ones of the test split.
    """
    test, identities = _pixels(datamodule, "test", torch.arange(len(measured)))
    if not torch.equal(identities, measured):
        raise ZooError(
            "`trainer.limit_test_batches` makes each process test its own images, which the baselines cannot follow: "
            "leave it out, or test with trainer.devices=1"
        )
    fitted = _eigenfaces(datamodule)
    whitened = torch.from_numpy(fitted.transform(test)).float()
    centered = torch.from_numpy(test - fitted.mean_)
    return {
        "eigenfaces": F.normalize(whitened, dim=1),
        "pixels": F.normalize(centered, dim=1),
    }


def _eigenfaces(datamodule: DataModule) -> PCA:
    """The fitted components, cached for each data module: both the metrics and the report need them."""
    if datamodule not in _FITTED:
        count = len(datamodule.dataset("train"))
        some = torch.arange(count) if count <= _LIMIT else torch.linspace(0, count - 1, _LIMIT).long()
        train, _ = _pixels(datamodule, "train", some)
        components = min(_COMPONENTS, *train.shape)
        _FITTED[datamodule] = PCA(components, whiten=True, svd_solver="randomized", random_state=0).fit(train)
    return _FITTED[datamodule]


def _pixels(datamodule: DataModule, split: Split, rows: Tensor) -> tuple[Float[np.ndarray, "n d"], Tensor]:
    dataset = datamodule.dataset(split)
    batches = [dataset[part] for part in rows.split(256)]
    images = torch.cat([images.flatten(1) for images, _ in batches]).float() / 255
    return images.numpy(), torch.cat([identities for _, identities in batches])
