"""Enrolled people: a name with one or several pictures each, kept as embeddings in one safe file.

Adding a person needs no training. The file belongs to the model that made the embeddings: it holds the model's
fingerprint, and a hash of its own content. It is read without running any code of it, and written as a whole or not
at all.
"""

import hashlib
import io
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from zoo.checkpoint import read_tensors
from zoo.errors import ZooError
from zoo.losses.contrastive import VerificationLoss
from zoo.ops.search import nearest
from zoo.tasks.embedding import Embedding

_FORMAT = 1
_BLOCK = 4096  # rows that a learned distance compares at a time


@dataclass(frozen=True)
class Candidate:
    """An enrolled person and how far a probe is from them."""

    name: str
    distance: float


class Gallery:
    """Names with the embeddings of their pictures, of one model."""

    def __init__(self, model: str, names: Sequence[str], vectors: Float[Tensor, "n d"]) -> None:
        self.model = model
        self.names = list(names)
        """The name of each picture."""
        self.vectors = vectors
        """The embedding of each picture."""
        self._templates: tuple[list[str], Tensor] | None = None

    @property
    def people(self) -> dict[str, int]:
        """How many pictures each name has, in the order of enrolment."""
        counts: dict[str, int] = {}
        for name in self.names:
            counts[name] = counts.get(name, 0) + 1
        return counts

    def enroll(self, name: str, vectors: Float[Tensor, "n d"]) -> int:
        """Adds pictures to a name, and gives how many the name had before.

        Raises:
            ZooError: the name is empty or longer than a line, or there is no picture.
        """
        if not name.strip() or "\n" in name:
            raise ZooError(f"name={name!r} is no name: give one line of letters, as in name=ann")
        if not len(vectors):
            raise ZooError(f"there is no picture to enroll {name} with")
        before = self.people.get(name, 0)
        self.names += [name] * len(vectors)
        self.vectors = torch.cat([self.vectors.reshape(-1, vectors.shape[1]), vectors.float().cpu()])
        self._templates = None
        return before

    def remove(self, name: str) -> int:
        """Forgets a name, and gives how many pictures it had.

        Raises:
            ZooError: nobody of that name is enrolled.
        """
        self.require(name)
        kept = torch.tensor([other != name for other in self.names], dtype=torch.bool)
        removed = int((~kept).sum())
        self.vectors = self.vectors[kept]
        self.names = [other for other in self.names if other != name]
        self._templates = None
        return removed

    def require(self, name: str) -> None:
        """Refuses a name that is not enrolled.

        Raises:
            ZooError: naming those that are.
        """
        if name not in self.people:
            known = ", ".join(list(self.people)[:10]) or "nobody"
            raise ZooError(f"name={name} is not enrolled; enrolled: {known}")

    def templates(self) -> tuple[list[str], Float[Tensor, "people d"]]:
        """The mean of each person's embeddings, of length one again."""
        if self._templates is None:
            names = list(self.people)
            place = {name: row for row, name in enumerate(names)}
            rows = torch.tensor([place[name] for name in self.names], dtype=torch.long)
            sums = torch.zeros(len(names), self.vectors.shape[1]).index_add_(0, rows, self.vectors)
            self._templates = names, F.normalize(sums, dim=1)
        return self._templates

    def search(self, task: Embedding, probes: Float[Tensor, "p d"], k: int) -> list[list[Candidate]]:
        """The `k` closest people of each probe, best first; exact.

        Raises:
            ZooError: nobody is enrolled.
        """
        if not self.names:
            raise ZooError("the gallery is empty: enroll somebody first, as in enroll name=ann source=ann.jpg")
        names, templates = self.templates()
        k = min(k, len(names))
        if isinstance(task.loss, VerificationLoss):
            blocks = [task.distances_on_cpu(probes, block) for block in templates.split(_BLOCK)]
            distances, rows = torch.cat(blocks, dim=1).topk(k, dim=1, largest=False)
        else:
            rows, distances = nearest(probes.float().cpu(), templates, k)
        return [
            [Candidate(names[row], distance) for row, distance in zip(*pair, strict=True)]
            for pair in zip(rows.tolist(), distances.tolist(), strict=True)
        ]

    def distance(self, task: Embedding, name: str, probes: Float[Tensor, "p d"]) -> list[float]:
        """The distance of each probe to one person."""
        self.require(name)
        names, templates = self.templates()
        row = names.index(name)
        found: list[float] = task.distances_on_cpu(probes.float().cpu(), templates[row : row + 1])[:, 0].tolist()
        return found

    def closer_than(self, task: Embedding, name: str, threshold: float) -> list[Candidate]:
        """Other people so close to `name` that they would be taken for one another."""
        names, templates = self.templates()
        own = templates[names.index(name)][None]
        found = self.search(task, own, 10)[0]
        return [other for other in found if other.name != name and other.distance <= threshold]

    def save(self, path: Path) -> None:
        """Writes the file as a whole: what was there before stays until the new one is complete."""
        content = {
            "zoo_gallery": _FORMAT,
            "model": self.model,
            "names": self.names,
            "vectors": self.vectors.contiguous(),
            "digest": _digest(self.model, self.names, self.vectors),
        }
        buffer = io.BytesIO()
        torch.save(content, buffer)
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(buffer.getbuffer())
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def load_gallery(path: Path, task: Embedding) -> Gallery:
    """The gallery of a file; an empty one where there is no file yet.

    Raises:
        ZooError: a file that was cut short, edited, is no gallery, or belongs to another model.
    """
    model = fingerprint(task)
    if not path.exists():
        return Gallery(model, [], torch.zeros(0, 0))
    gallery = read_gallery(path)
    if gallery.model != model:
        raise ZooError(
            f"{path} was enrolled with another model, whose distances mean something else: "
            f"give its checkpoint, or enroll the pictures again into another gallery=FILE"
        )
    return gallery


def read_gallery(path: Path) -> Gallery:
    """The gallery of a file, of whatever model.

    Raises:
        ZooError: no such file, one that was cut short or edited, or one that is no gallery.
    """
    content = read_tensors(path)
    if not isinstance(content, dict) or content.get("zoo_gallery") != _FORMAT:
        raise ZooError(f"{path} is no gallery of format {_FORMAT}")
    model, names, vectors = content.get("model"), content.get("names"), content.get("vectors")
    refused = f"{path} is refused: it was changed after it was written; enroll again or bring back a copy"
    if not (isinstance(model, str) and isinstance(names, list) and isinstance(vectors, Tensor)):
        raise ZooError(refused)
    if content.get("digest") != _digest(model, names, vectors):
        raise ZooError(refused)
    return Gallery(model, names, vectors)


def fingerprint(task: Embedding) -> str:
    """What tells one embedding model from another: its weights and its preprocessing, hashed."""
    found = hashlib.sha256(json.dumps(task.card.get("preprocessing"), sort_keys=True).encode())
    for part in (task.network, task.loss):
        for name, value in part.state_dict().items():
            found.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
            found.update(_bytes(value))
    return found.hexdigest()


def _digest(model: str, names: list[str], vectors: Tensor) -> str:
    found = hashlib.sha256(json.dumps([_FORMAT, model, names, list(vectors.shape)]).encode())
    found.update(_bytes(vectors))
    return found.hexdigest()


def _bytes(value: Tensor) -> Any:
    return value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy()
