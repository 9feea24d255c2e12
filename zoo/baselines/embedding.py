"""What a learned embedding must beat: eigenfaces and plain pixels, on the same pairs."""

import numpy as np
import torch
from jaxtyping import Float
from sklearn.decomposition import PCA
from torch import Tensor
from torch.nn import functional as F

from zoo.data.base import DataModule, Split
from zoo.metrics.embedding import embedding_figures
from zoo.ops.distances import pairwise_squared_distances
from zoo.tasks.base import Task

_COMPONENTS = 60
_LIMIT = 5_000  # training pictures that the components are computed from


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """The figures of the test split by whitened eigenfaces and by pixels, both with the cosine."""
    return {
        name: embedding_figures(vectors, identities, pairwise_squared_distances, None)
        for name, (vectors, identities) in embeddings(datamodule).items()
    }


def embeddings(datamodule: DataModule) -> dict[str, tuple[Tensor, Tensor]]:
    """Unit vectors and identities of the test split, by the name of the rule.

    Eigenfaces for Recognition (Turk and Pentland 1991); whitening makes each of the first 60 components
    count the same.
    """
    train, _ = _pixels(datamodule, "train", _LIMIT)
    test, identities = _pixels(datamodule, "test", None)
    components = min(_COMPONENTS, *train.shape)
    fitted = PCA(components, whiten=True, svd_solver="randomized", random_state=0).fit(train)
    whitened = torch.from_numpy(fitted.transform(test)).float()
    centred = torch.from_numpy(test - train.mean(axis=0))
    return {
        "eigenfaces": (F.normalize(whitened, dim=1), identities),
        "pixels": (F.normalize(centred, dim=1), identities),
    }


def _pixels(datamodule: DataModule, split: Split, limit: int | None) -> tuple[Float[np.ndarray, "n d"], Tensor]:
    dataset = datamodule.split(split)
    count = len(dataset)
    kept = torch.arange(count) if limit is None or count <= limit else torch.linspace(0, count - 1, limit).long()
    batches = [dataset[rows] for rows in kept.split(256)]
    images = torch.cat([images.flatten(1) for images, _ in batches]).float() / 255
    return images.numpy(), torch.cat([identities for _, identities in batches])
