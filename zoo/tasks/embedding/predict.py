"""Embeddings of image files, and the people of a gallery that they show."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.prediction.contact_sheet import Caption, write_contact_sheet
from zoo.prediction.images import image_files, read_batches, write_json, write_table
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.gallery import Candidate
from zoo.tasks.embedding.gallery_file import load_gallery

NOT_RECOGNIZED = "not recognized"


@dataclass(frozen=True)
class EmbeddingPrediction:
    """What an embedding model says of one file; without a vector where there is an error."""

    path: Path
    vector: tuple[float, ...] | None = None
    name: str | None = None
    """Who of the gallery it is; None without a gallery, and for nobody enrolled."""
    candidates: tuple[Candidate, ...] = ()
    """The closest people of the gallery, best first."""
    error: str | None = None
    """Why there is no vector: the file could not be read, or the model gives numbers that are not finite."""

    def to_dict(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "path": str(self.path),
            "vector": None if self.vector is None else list(self.vector),
            "name": self.name,
            "candidates": [{"name": other.name, "distance": other.distance} for other in self.candidates],
            "error": self.error,
        }


def predict(
    task: Embedding,
    source: Path,
    folder: Path | None = None,
    *,
    gallery: str | Path | None = None,
    threshold: float | None = None,
    batch_size: int = 64,
) -> list[EmbeddingPrediction]:
    """Embed an image file or every image file below a folder, and name those that `gallery` knows.

    `threshold` is the largest distance at which a face is named; None takes the one that the model was trained with.
    With `folder`, predictions.csv, predictions.json and contact_sheet.png are written there.

    Raises:
        ZooError: no images, a gallery of another model or an empty one, or no threshold.
    """
    if gallery is None:
        results = embed(task, source, batch_size=batch_size)
    else:
        if not Path(gallery).exists():
            raise ZooError(f"gallery={gallery} does not exist: enroll somebody first with scripts/gallery.py enroll")
        known, limit = load_gallery(Path(gallery), task), require_threshold(task, threshold)
        results = embed(task, source, batch_size=batch_size)
        readable = [result for result in results if result.vector is not None]
        found = iter(known.search(task, torch.tensor([result.vector for result in readable]), 5) if readable else [])
        results = [result if result.vector is None else _named(result, next(found), limit) for result in results]
    if folder is not None:
        write(results, folder, named=gallery is not None)
    return results


def embed(task: Embedding, source: Path, *, batch_size: int = 64) -> list[EmbeddingPrediction]:
    """Embed an image file or every image file below a folder, in the order of their names.

    Raises:
        ZooError: the model has not been trained on images, or there are no images.
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


def _checked(path: Path, vector: list[float]) -> EmbeddingPrediction:
    if all(map(math.isfinite, vector)):
        return EmbeddingPrediction(path, tuple(vector))
    return EmbeddingPrediction(path, error="its embedding holds numbers that are not finite")


def resolve_threshold(task: Embedding, asked: float | str | None) -> float | None:
    """The threshold asked for, else that of the model; None where it was never validated.

    Raises:
        ZooError: what is asked for is no finite number.
    """
    if asked is None:
        return task.threshold.item() if task.threshold.isfinite() else None
    if isinstance(asked, bool | str) or not math.isfinite(asked):
        raise ZooError(f"`threshold` (={asked}) must be a finite number: the largest distance of one and the same")
    return float(asked)


def require_threshold(task: Embedding, asked: float | str | None) -> float:
    """The threshold asked for, else that of the model.

    Raises:
        ZooError: there is neither, or what is asked for is no finite number.
    """
    found = resolve_threshold(task, asked)
    if found is None:
        raise ZooError("the checkpoint holds no threshold, as it was never validated: give threshold=DISTANCE")
    return found


def write(results: list[EmbeddingPrediction], folder: Path, *, named: bool) -> None:
    """Write predictions.csv, predictions.json and contact_sheet.png."""
    folder.mkdir(parents=True, exist_ok=True)
    rows, captions = [], []
    for result in results:
        closest = f"{result.candidates[0].distance:.6f}" if result.candidates else ""
        told = (result.name or NOT_RECOGNIZED) if named and result.error is None else ""
        others = "; ".join(f"{other.name} {other.distance:.6f}" for other in result.candidates)
        rows.append([str(result.path), told, closest, others, result.error or ""])
        title = result.error or told or result.path.name
        captions.append(Caption(result.path, title, others, warning=result.error is not None))
    write_table(folder / "predictions.csv", ["path", "name", "distance", "candidates", "error"], rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])
    write_contact_sheet(folder / "contact_sheet.png", captions)


def _named(result: EmbeddingPrediction, found: list[Candidate], threshold: float) -> EmbeddingPrediction:
    name = found[0].name if found[0].distance <= threshold else None
    return EmbeddingPrediction(result.path, result.vector, name, tuple(found))


@torch.inference_mode()
def _vectors(task: Embedding, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b d"]:
    return task.predict_step(images).float().cpu() if len(images) else torch.zeros(0, 1)
