"""Hashes that belong to enrolled people: of the model that made the embeddings, and of their file's content."""

import hashlib
import json
from typing import Any

import torch
from torch import Tensor

from zoo.tasks.embedding import Embedding


def fingerprint(task: Embedding) -> str:
    """What tells one embedding model from another: its weights, its network's options and its preprocessing, hashed.

    Options such as `mirror` change the embeddings and no weight.
    """
    options = [task.config.get("network"), task.card.get("preprocessing")]
    found = hashlib.sha256(json.dumps(options, sort_keys=True).encode())
    for part in (task.network, task.loss):
        for name, value in part.state_dict().items():
            found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            found.update(_bytes(value))
    return found.hexdigest()


def digest(written: int, model: str, names: list[str], vectors: Tensor) -> str:
    """What tells a gallery that was edited from the one that was saved; `written` is the number of its format."""
    found = hashlib.sha256(json.dumps([written, model, names, list(vectors.shape)]).encode())
    found.update(_bytes(vectors))
    return found.hexdigest()


def _bytes(value: Tensor) -> Any:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
