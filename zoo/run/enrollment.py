"""The actions of `zoo-gallery`: enroll, verify, identify, list and remove."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from zoo.checkpoints.load import load
from zoo.data.identities.folder import identity_folders
from zoo.data.images.files import list_images
from zoo.distribution import run_command
from zoo.errors import ZooError, unknown
from zoo.prediction.sources import resolve_source
from zoo.run.device import move_to
from zoo.tasks.embedding import Embedding
from zoo.tasks.embedding.gallery import Gallery
from zoo.tasks.embedding.gallery_file import load_gallery, locked, read_gallery, save_gallery
from zoo.tasks.embedding.predict import (
    NOT_RECOGNIZED,
    EmbeddingPrediction,
    embed,
    predict,
    require_threshold,
    resolve_threshold,
)
from zoo.tasks.embedding.threshold import caution


def run(values: dict[str, Any], folder: Path) -> Iterator[str]:
    """Runs the action of a gallery configuration and yields console lines; `identify` writes to `folder`.

    Raises:
        ZooError: a user's mistake.
    """
    actions = {"enroll": _enroll, "verify": _verify, "identify": _identify, "list": _list, "remove": _remove}
    if values["action"] is None:
        raise ZooError(f"give an action, as in {run_command('gallery')} list; there are: {', '.join(actions)}")
    if values["action"] not in actions:
        raise ZooError(unknown("action", str(values["action"]), list(actions)))
    yield from actions[values["action"]](values, folder)


def _enroll(values: dict[str, Any], folder: Path) -> Iterator[str]:
    task, path = _model(values), _gallery_path(values)
    threshold = resolve_threshold(task, values["threshold"])
    with locked(path):
        lines, gallery, names = _enrolled(values, task, path)
    yield from lines
    yield from caution(task.card.get("threshold"), values["threshold"])
    yield from _warnings(gallery, task, names, threshold)
    yield f"{_number_of_people(gallery)} in {path}"


def _enrolled(values: dict[str, Any], task: Embedding, path: Path) -> tuple[list[str], Gallery, list[str]]:
    """Enrolls and saves; returns console lines, the gallery and the enrolled names."""
    gallery = load_gallery(path, task)
    source = _source(values)
    if values["name"] is None:
        if not _is_folder(source) or not any(entry.is_dir() for entry in source.iterdir()):
            raise ZooError("`name` is not given: add name=… or give a source with a folder of images for each name")
        chosen: dict[str, Any] = identity_folders(source, "source")
    else:
        chosen = {_name(values): source}
    lines = []
    for name, images in chosen.items():
        if _is_folder(images) and not list_images(images):
            raise ZooError(f"source={images} holds no images of {name}")
        read = embed(task, images, batch_size=values["batch_size"])
        if broken := [result for result in read if result.error is not None]:
            raise ZooError(f"cannot embed {broken[0].path}: {broken[0].error}; nobody was enrolled")
        before = gallery.enroll(name, _vectors(read))
        added = f"{len(read)} image{'s' if len(read) > 1 else ''}"
        lines.append(
            f"{name} was enrolled already: {added} added to {before}" if before else f"{name}: {added} enrolled"
        )
    save_gallery(gallery, path)
    return lines, gallery, list(chosen)


def _warnings(gallery: Gallery, task: Embedding, names: list[str], threshold: float | None) -> Iterator[str]:
    if threshold is None:
        yield "nobody was compared with the others: the checkpoint holds no threshold, and none was given"
        return
    reported: set[frozenset[str]] = set()
    for name, others in zip(names, gallery.closer_than(task, names, threshold), strict=True):
        for other in others:
            if (pair := frozenset((name, other.name))) not in reported:
                reported.add(pair)
                yield (
                    f"warning: {name} and {other.name} are closer (distance {other.distance:.4f}) than the threshold "
                    f"{threshold:.4f}: they will be taken for one another"
                )


def _verify(values: dict[str, Any], folder: Path) -> Iterator[str]:
    task = _model(values)
    gallery = load_gallery(_gallery_path(values), task)
    name, threshold = _name(values), require_threshold(task, values["threshold"])
    gallery.require(name)
    yield from caution(task.card.get("threshold"), values["threshold"])
    for result in embed(task, _source(values), batch_size=values["batch_size"]):
        if result.error is not None:
            yield f"{result.path}: cannot be embedded: {result.error}"
            continue
        (distance,) = gallery.distance(task, name, _vectors([result]))
        verdict = f"is {name}" if distance <= threshold else f"is not {name}"
        yield f"{result.path}: {verdict} (distance {distance:.4f}, threshold {threshold:.4f})"


def _identify(values: dict[str, Any], folder: Path) -> Iterator[str]:
    task = _model(values)
    threshold = require_threshold(task, values["threshold"])
    options = {name: values[name] for name in ("threshold", "batch_size")} | {"gallery": _gallery_path(values)}
    for result in predict(task, _source(values), folder, **options):
        if result.error is not None:
            yield f"{result.path}: cannot be embedded: {result.error}"
            continue
        closest = result.candidates[0]
        details = f"closest is {closest.name}, distance {closest.distance:.4f}, threshold {threshold:.4f}"
        if result.name is not None:
            details = f"distance {closest.distance:.4f}, threshold {threshold:.4f}"
        yield f"{result.path}: {result.name or NOT_RECOGNIZED} ({details})"
    yield f"results: {folder / 'predictions.csv'}"


def _list(values: dict[str, Any], folder: Path) -> Iterator[str]:
    gallery = read_gallery(_gallery_path(values))
    for name, count in gallery.people.items():
        yield f"{name}: {count} image{'s' if count > 1 else ''}"
    yield _number_of_people(gallery)


def _remove(values: dict[str, Any], folder: Path) -> Iterator[str]:
    path, name = _gallery_path(values), _name(values)
    with locked(path):
        gallery = read_gallery(path)
        removed = gallery.remove(name)
        save_gallery(gallery, path)
    yield f"{name}: {removed} image{'s' if removed > 1 else ''} removed, {_number_of_people(gallery)} left"


def _number_of_people(gallery: Gallery) -> str:
    count = len(gallery.people)
    return "1 person" if count == 1 else f"{count} people"


def _model(values: dict[str, Any]) -> Embedding:
    checkpoint = _text(values, "checkpoint", f"add checkpoint=… of a run of {run_command('train')} model=siamese")
    task = load(checkpoint, trust=values["trust"])
    if not isinstance(task, Embedding):
        raise ZooError(
            f"{checkpoint} is a {task.kind} model; a gallery needs an embedding model, such as one of "
            f"{run_command('train')} model=siamese"
        )
    move_to(task, values["device"])
    return task


def _source(values: dict[str, Any]) -> Any:
    if values["source"] is None:
        raise ZooError("`source` is not given: add source=… of an image or a folder of images")
    return resolve_source(values["source"])


def _is_folder(source: Any) -> bool:
    return isinstance(source, Path) and source.is_dir()


def _name(values: dict[str, Any]) -> str:
    return _text(values, "name", "add name=… of the person")


def _gallery_path(values: dict[str, Any]) -> Path:
    return Path(_text(values, "gallery", "add gallery=FILE"))


def _text(values: dict[str, Any], key: str, remedy: str) -> str:
    """A text value, exactly as typed: Hydra parses 1_000 as the number 1000, which would be another name."""
    value = values[key]
    if value is None:
        raise ZooError(f"`{key}` is not given: {remedy}")
    if not isinstance(value, str):
        raise ZooError(
            f"`{key}` (={value}) was read as {type(value).__name__}, not as text: quote it twice, as in \"{key}='…'\""
        )
    return value


def _vectors(results: list[EmbeddingPrediction]) -> torch.Tensor:
    return torch.tensor([result.vector for result in results])
