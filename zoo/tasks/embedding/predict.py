"""Embeddings of image files, and identification of people in a gallery."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.csv_files import write_csv
from zoo.data.images.base import Preprocessing
from zoo.distribution import run_command
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.prediction.contact_sheet import Caption, write_contact_sheet
from zoo.prediction.images import ImageSource, image_files, read_batches
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.gallery import Candidate
from zoo.tasks.embedding.gallery_file import load_gallery
from zoo.tasks.embedding.threshold import caution, in_gallery

NOT_RECOGNIZED = "not recognized"


@dataclass(frozen=True)
class EmbeddingPrediction:
    """The embedding of one file and the person identified; an error instead of a vector for an unusable file."""

    path: ImageSource
    vector: tuple[float, ...] | None = None
    name: str | None = None
    """The identified person; None without a gallery, or if nobody is close enough."""
    candidates: tuple[Candidate, ...] = ()
    """The closest people of the gallery, closest first."""
    error: str | None = None
    """Why there is no vector: the file is unreadable, or the embedding is not finite."""

    def to_dict(self) -> dict[str, Any]:
        """The prediction as plain values, for JSON."""
        return {
            "path": str(self.path),
            "vector": None if self.vector is None else list(self.vector),
            "name": self.name,
            "candidates": [{"name": other.name, "distance": other.distance} for other in self.candidates],
            "error": self.error,
        }


def predict(
    task: Embedding,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    gallery: str | Path | None = None,
    threshold: float | None = None,
    batch_size: int = 64,
) -> list[EmbeddingPrediction]:
    """Embeds an image file or all image files below a folder; with `gallery`, identifies the people.

    `threshold` is the largest distance of an identified person; None takes the threshold of the model, and prints its
    false-alarm rate at the size of the gallery. With `folder`,
    writes predictions.csv, predictions.json and contact_sheet.png.

    Raises:
        ZooError: the source holds no images, the gallery is empty or of another model, or there is no threshold.
    """
    if gallery is None:
        results = embed(task, source, batch_size=batch_size)
    else:
        if not Path(gallery).exists():
            raise ZooError(
                f"gallery={gallery} does not exist: enroll somebody first with {run_command('gallery')} enroll"
            )
        known, limit = load_gallery(Path(gallery), task), require_threshold(task, threshold)
        results = embed(task, source, batch_size=batch_size)
        readable = [result for result in results if result.vector is not None]
        found = iter(known.search(task, torch.tensor([result.vector for result in readable]), 5) if readable else [])
        results = [result if result.vector is None else _named(result, next(found), limit) for result in results]
        origin = task.card.get("threshold")
        for line in [*caution(origin, threshold), in_gallery(origin, threshold, len(known.people))]:
            print(line)
    if folder is not None:
        write(results, folder, named=gallery is not None)
    return results


def embed(task: Embedding, source: Path | Sequence[ImageSource], *, batch_size: int = 64) -> list[EmbeddingPrediction]:
    """Embeds an image file, or all image files below a folder in the order of their names.

    Raises:
        ZooError: the model was not trained on images, or the source holds none.
    """
    if "preprocessing" not in task.card:
        raise ZooError("this model knows no preprocessing: load it from the checkpoint of a training run")
    preprocessing = Preprocessing.from_dict(task.card["preprocessing"])
    task.eval()
    results = []
    for batch in read_batches(image_files(source), preprocessing, batch_size):
        rows = iter(_vectors(task, preprocessing.normalize(batch.images.to(task.device))).tolist())
        for path in batch.paths:
            if path in batch.errors:
                results.append(EmbeddingPrediction(path, error=batch.errors[path]))
            else:
                results.append(_checked(path, next(rows)))
    return results


def _checked(path: ImageSource, vector: list[float]) -> EmbeddingPrediction:
    if all(map(math.isfinite, vector)):
        return EmbeddingPrediction(path, tuple(vector))
    return EmbeddingPrediction(path, error="its embedding holds numbers that are not finite")


def resolve_threshold(task: Embedding, requested: float | str | None) -> float | None:
    """The requested threshold, or else that of the model; None if the model was never validated.

    Raises:
        ZooError: the requested threshold is not a finite number.
    """
    if requested is None:
        return task.threshold.item() if task.threshold.isfinite() else None
    if isinstance(requested, bool | str) or not math.isfinite(requested):
        raise ZooError(f"`threshold` (={requested}) must be a finite number: the largest distance of one and the same")
    return float(requested)


def require_threshold(task: Embedding, requested: float | str | None) -> float:
    """The requested threshold, or else that of the model.

    Raises:
        ZooError: there is neither, or the requested threshold is not a finite number.
    """
    threshold = resolve_threshold(task, requested)
    if threshold is None:
        raise ZooError("the checkpoint holds no threshold, as it was never validated: give threshold=DISTANCE")
    return threshold


def write(results: list[EmbeddingPrediction], folder: Path, *, named: bool) -> None:
    """Writes predictions.csv, predictions.json and contact_sheet.png."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, captions = [], []
    for result in results:
        closest = f"{result.candidates[0].distance:.6f}" if result.candidates else ""
        name = (result.name or NOT_RECOGNIZED) if named and result.error is None else ""
        others = "; ".join(f"{other.name} {other.distance:.6f}" for other in result.candidates)
        rows.append([str(result.path), name, closest, others, result.error or ""])
        title = result.error or name or result.path.name
        captions.append(Caption(result.path, title, others, warning=result.error is not None))
    write_csv(folder / "predictions.csv", ["path", "name", "distance", "candidates", "error"], rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])
    write_contact_sheet(folder / "contact_sheet.png", captions)


def _named(result: EmbeddingPrediction, found: list[Candidate], threshold: float) -> EmbeddingPrediction:
    name = found[0].name if found[0].distance <= threshold else None
    return EmbeddingPrediction(result.path, result.vector, name, tuple(found))


@torch.inference_mode()
def _vectors(task: Embedding, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
    return task.predict_step(images).float().cpu() if len(images) else torch.zeros(0, 1)
