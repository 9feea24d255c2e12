"""Enrolled people: a name with one or several pictures each, kept as embeddings in one safe file.

Adding a person needs no training. The file belongs to the model that made the embeddings: it holds the model's
fingerprint, and a hash of its own content. It is read without running any code of it, and written as a whole or not
at all.
"""

import io
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.ops.search import BLOCK, Nearest, nearest
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.fingerprint import digest, fingerprint
from zoo.tensor_files import read_tensors

_FORMAT = 2
_PROBES = 256  # searched for at a time, so that memory does not grow with them


@dataclass(frozen=True)
class Candidate:
    """An enrolled person and how far a probe is from them."""

    name: str
    distance: float


class Version(NamedTuple):
    """What tells a file from one that took its place."""

    inode: int
    changed: int
    size: int


class Templates(NamedTuple):
    """One vector a person."""

    names: list[str]
    place: dict[str, int]
    """The row of each name."""
    vectors: Float[Tensor, "people d"]


class Gallery:
    """Names with the embeddings of their pictures, of one model."""

    def __init__(
        self, model: str, names: Sequence[str], vectors: Float[Tensor, "n d"], version: Version | None = None
    ) -> None:
        self.model = model
        self._version = version  # of the file that it was read from
        self.names = list(names)
        """The name of each picture."""
        self.people: dict[str, int] = dict(Counter(self.names))
        """How many pictures each name has, in the order of enrolment."""
        self._vectors = [vectors]
        self._templates: Templates | None = None

    @property
    def vectors(self) -> Float[Tensor, "n d"]:
        """The embedding of each picture; those of many enrolments are put together once, when they are needed."""
        if len(self._vectors) > 1:
            self._vectors = [torch.cat([part for part in self._vectors if len(part)])]
        return self._vectors[0]

    def enroll(self, name: str, vectors: Float[Tensor, "n d"]) -> int:
        """Adds pictures to a name, and gives how many the name had before.

        Raises:
            ZooError: the name is empty or longer than a line, there is no picture, or embeddings of another length or
                not finite.
        """
        if not name.strip() or "\n" in name:
            raise ZooError(f"name={name!r} is no name: give one line of letters, as in name=ann")
        if not len(vectors):
            raise ZooError(f"there is no picture to enroll {name} with")
        if self.names and vectors.shape[1] != self._vectors[-1].shape[1]:
            known = self._vectors[-1].shape[1]
            raise ZooError(f"embeddings of {vectors.shape[1]} numbers, and those enrolled have {known}")
        if not vectors.isfinite().all():  # NaN ranks first: nobody else would be found any more
            raise ZooError(f"an embedding of {name} holds numbers that are not finite: its model may have diverged")
        before = self.people.get(name, 0)
        self.names += [name] * len(vectors)
        self.people[name] = before + len(vectors)
        self._vectors.append(vectors.float().cpu())
        self._templates = None
        return before

    def remove(self, name: str) -> int:
        """Forgets a name, and gives how many pictures it had.

        Raises:
            ZooError: nobody of that name is enrolled.
        """
        self.require(name)
        kept = torch.tensor([other != name for other in self.names], dtype=torch.bool)
        self._vectors = [self.vectors[kept]]
        self.names = [other for other in self.names if other != name]
        self._templates = None
        return self.people.pop(name)

    def require(self, name: str) -> None:
        """Refuses a name that is not enrolled.

        Raises:
            ZooError: naming those that are.
        """
        if name not in self.people:
            known = ", ".join(islice(self.people, 10)) or "nobody"
            raise ZooError(f"name={name} is not enrolled; enrolled: {known}")

    def templates(self) -> Templates:
        """The mean of each person's embeddings, of length one again."""
        if self._templates is None:
            place = {name: row for row, name in enumerate(self.people)}
            rows = torch.tensor([place[name] for name in self.names], dtype=torch.long)
            sums = torch.zeros(len(place), self.vectors.shape[1]).index_add_(0, rows, self.vectors)
            self._templates = Templates(list(place), place, F.normalize(sums, dim=1))
        return self._templates

    def search(self, task: Embedding, probes: Float[Tensor, "p d"], k: int) -> list[list[Candidate]]:
        """The `k` closest people of each probe, best first; exact.

        Raises:
            ZooError: nobody is enrolled.
        """
        if not self.names:
            raise ZooError("the gallery is empty: enroll somebody first, as in enroll name=ann source=ann.jpg")
        names, _, templates = self.templates()
        closest = nearest if task.loss.euclidean else partial(_closest_learned, task)
        parts = [closest(part, templates, min(k, len(names))) for part in probes.float().cpu().split(_PROBES)]
        return [
            [Candidate(names[row], distance) for row, distance in zip(*pair, strict=True)]
            for part in parts
            for pair in zip(part.rows.tolist(), part.distances.tolist(), strict=True)
        ]

    def distance(self, task: Embedding, name: str, probes: Float[Tensor, "p d"]) -> list[float]:
        """The distance of each probe to one person."""
        self.require(name)
        _, place, templates = self.templates()
        own = templates[place[name]][None]
        found: list[float] = task.distances_on_cpu(probes.float().cpu(), own)[:, 0].tolist()
        return found

    def closer_than(self, task: Embedding, names: Sequence[str], threshold: float) -> list[list[Candidate]]:
        """For each of `names`, other people so close that they would be taken for one another."""
        _, place, templates = self.templates()
        own = templates[[place[name] for name in names]]
        return [
            [other for other in others if other.name != name and other.distance <= threshold]
            for name, others in zip(names, self.search(task, own, 10), strict=True)
        ]

    def save(self, path: Path) -> None:
        """Writes the file as a whole: what was there before stays until the new one is complete.

        A link stays a link, and a file that is replaced hands on who may read it.

        Raises:
            ZooError: there is a file that is not the one which the gallery was read from.
        """
        path = path.resolve()
        content = {
            "zoo_gallery": _FORMAT,
            "model": self.model,
            "names": self.names,
            "vectors": self.vectors.contiguous(),
            "digest": digest(_FORMAT, self.model, self.names, self.vectors),
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
            found, written = _version(path), _version(Path(temporary))
            if found not in (None, self._version):
                raise ZooError(f"{path} was written by another command meanwhile and is left as it is: try again")
            if found is not None:
                shutil.copymode(path, temporary)
            Path(temporary).replace(path)
            self._version = written
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise


def _closest_learned(task: Embedding, probes: Float[Tensor, "p d"], vectors: Float[Tensor, "n d"], k: int) -> Nearest:
    """As `nearest`, by the distance of the loss, in blocks: a learned one holds each coordinate of each pair."""
    block = max(BLOCK // max(probes.numel(), 1), 1)
    distances = torch.cat([task.distances_on_cpu(probes, part) for part in vectors.split(block)], dim=1)
    found = distances.topk(k, dim=1, largest=False)
    return Nearest(found.indices, found.values)


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
        ZooError: no such file, one that was cut short or edited, one that is no gallery, or of another format.
    """
    version = _version(path)
    content = read_tensors(path)
    written = content.get("zoo_gallery") if isinstance(content, dict) else None
    if not isinstance(written, int):
        raise ZooError(f"{path} is no gallery")
    if written != _FORMAT:
        raise ZooError(
            f"{path} is a gallery of format {written}, and this version reads {_FORMAT}: "
            f"enroll the pictures again into another gallery=FILE"
        )
    model, names, vectors = content.get("model"), content.get("names"), content.get("vectors")
    refused = f"{path} is refused: it was changed after it was written; enroll again or bring back a copy"
    if not (isinstance(model, str) and _are_names(names) and _are_vectors(vectors) and len(names) == len(vectors)):
        raise ZooError(refused)
    if content.get("digest") != digest(_FORMAT, model, names, vectors):
        raise ZooError(refused)
    return Gallery(model, names, vectors, version)


def _version(path: Path) -> Version | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return Version(found.st_ino, found.st_mtime_ns, found.st_size)


def _are_names(found: Any) -> bool:
    return isinstance(found, list) and all(isinstance(name, str) for name in found)


def _are_vectors(found: Any) -> bool:
    if not isinstance(found, Tensor) or found.layout != torch.strided or found.device.type != "cpu":
        return False
    return found.dtype == torch.float32 and found.ndim == 2
