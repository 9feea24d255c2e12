"""Hashes of a gallery: of the model that computed the embeddings, and of the content of the file."""

import hashlib
import json
from typing import Any

import torch
from torch import Tensor

from zoo.tasks.embedding import Embedding


def fingerprint(task: Embedding) -> str:
    """Hash of an embedding model: weights, options of the network and preprocessing.

    The options count because some, such as `mirror`, change the embeddings but not the weights.
    """
    options = [task.config.get("network"), task.card.get("preprocessing")]
    sha = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for module in (task.network, task.loss):
        for name, value in module.state_dict().items():
            sha.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            sha.update(_bytes(value))
    return sha.hexdigest()


def digest(file_format: int, model: str, names: list[str], vectors: Tensor) -> str:
    """Hash of the content of a gallery, which detects edited files."""
    sha = hashlib.sha256(json.dumps([file_format, model, names, list(vectors.shape)]).encode())
    sha.update(_bytes(vectors))
    return sha.hexdigest()


def _bytes(value: Tensor) -> Any:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
