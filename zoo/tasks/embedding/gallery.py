"""Enrolled people: names with the embeddings of their images, and the search for the closest of them.

Adding a person needs no training. `gallery_file.py` saves and loads a gallery.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.ops.search import BLOCK, Nearest, nearest
from zoo.tasks.embedding import Embedding

_PROBES = 256  # per search step, which bounds the memory


@dataclass(frozen=True)
class Candidate:
    """An enrolled person and the distance of a probe to them."""

    name: str
    distance: float


class FileVersion(NamedTuple):
    """Identifies the content of a file: writing or replacing the file changes it."""

    inode: int
    modified_ns: int
    size: int


class Templates(NamedTuple):
    """One vector per person."""

    names: list[str]
    rows: dict[str, int]
    """The row of each name."""
    vectors: Float[Tensor, "people d"]


class Gallery:
    """The names of people with the embeddings of their images, computed by one model."""

    def __init__(
        self, model: str, names: Sequence[str], vectors: Float[Tensor, "n d"], version: FileVersion | None = None
    ) -> None:
        self.model = model
        """The fingerprint of the model."""
        self.file_version = version
        """Identifies the file that the gallery was last read from or written to; None without a file."""
        self.names = list(names)
        """The name of each image."""
        self.people: dict[str, int] = dict(Counter(self.names))
        """The number of images of each name, in the order of enrollment."""
        self._vectors = [vectors]
        self._templates: Templates | None = None

    @property
    def vectors(self) -> Float[Tensor, "n d"]:
        """The embedding of each image. Enrollments are concatenated here, once, so that enrolling stays cheap."""
        if len(self._vectors) > 1:
            self._vectors = [torch.cat([part for part in self._vectors if len(part)])]
        return self._vectors[0]

    def enroll(self, name: str, vectors: Float[Tensor, "n d"]) -> int:
        """Adds images to a name; returns the number of images that it had before.

        Raises:
            ZooError: the name is empty or longer than one line, there are no images, or the embeddings have another
                length or are not finite.
        """
        if not name.strip() or "\n" in name:
            raise ZooError(f"name={name!r} is no name: give one line of letters, as in name=ann")
        if not len(vectors):
            raise ZooError(f"there is no image to enroll {name} with")
        if self.names and vectors.shape[1] != self._vectors[-1].shape[1]:
            known = self._vectors[-1].shape[1]
            raise ZooError(f"embeddings of {vectors.shape[1]} numbers, and those enrolled have {known}")
        if not vectors.isfinite().all():  # NaN ranks first and would hide everybody else
            raise ZooError(f"an embedding of {name} holds numbers that are not finite: its model may have diverged")
        before = self.people.get(name, 0)
        self.names += [name] * len(vectors)
        self.people[name] = before + len(vectors)
        self._vectors.append(vectors.float().cpu())
        self._templates = None
        return before

    def remove(self, name: str) -> int:
        """Removes a name; returns the number of its images.

        Raises:
            ZooError: no person of that name is enrolled.
        """
        self.require(name)
        kept = torch.tensor([other != name for other in self.names], dtype=torch.bool)
        self._vectors = [self.vectors[kept]]
        self.names = [other for other in self.names if other != name]
        self._templates = None
        return self.people.pop(name)

    def require(self, name: str) -> None:
        """Requires that a name is enrolled.

        Raises:
            ZooError: the name is unknown; lists the enrolled ones.
        """
        if name not in self.people:
            known = ", ".join(islice(self.people, 10)) or "nobody"
            raise ZooError(f"name={name} is not enrolled; enrolled: {known}")

    def templates(self) -> Templates:
        """The mean embedding of each person, normalized to unit length."""
        if self._templates is None:
            rows = {name: row for row, name in enumerate(self.people)}
            index = torch.tensor([rows[name] for name in self.names], dtype=torch.long)
            sums = torch.zeros(len(rows), self.vectors.shape[1]).index_add_(0, index, self.vectors)
            self._templates = Templates(list(rows), rows, F.normalize(sums, dim=1))
        return self._templates

    def search(self, task: Embedding, probes: Float[Tensor, "p d"], k: int) -> list[list[Candidate]]:
        """The `k` closest people of each probe, closest first; an exact search.

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
        """The distance of each probe to one person.

        Raises:
            ZooError: the person is not enrolled.
        """
        self.require(name)
        _, rows, templates = self.templates()
        template = templates[rows[name]][None]
        distances: list[float] = task.distances_on_cpu(probes.float().cpu(), template)[:, 0].tolist()
        return distances

    def closer_than(self, task: Embedding, names: Sequence[str], threshold: float) -> list[list[Candidate]]:
        """For each of `names`, the other people within `threshold`, with whom it would be confused."""
        _, rows, templates = self.templates()
        own = templates[[rows[name] for name in names]]
        return [
            [other for other in others if other.name != name and other.distance <= threshold]
            for name, others in zip(names, self.search(task, own, 10), strict=True)
        ]


def _closest_learned(task: Embedding, probes: Float[Tensor, "p d"], vectors: Float[Tensor, "n d"], k: int) -> Nearest:
    """Like `nearest`, by the learned distance of the loss.

    Works in blocks, since a learned distance needs memory for each coordinate of each pair.
    """
    block = max(BLOCK // max(probes.numel(), 1), 1)
    distances = torch.cat([task.distances_on_cpu(probes, part) for part in vectors.split(block)], dim=1)
    found = distances.topk(k, dim=1, largest=False)
    return Nearest(found.indices, found.values)
