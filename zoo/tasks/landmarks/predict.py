"""Landmarks of image files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import UInt8
from PIL import ImageDraw, ImageFont
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image

from zoo.csv_files import write_csv
from zoo.data.detection.drawing import COLORS
from zoo.data.detection.transforms import Letterbox
from zoo.data.images.base import to_unit
from zoo.data.images.files import UnreadableImage, read_image
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.prediction.images import ImageSource, image_files, unused_path
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.task import LandmarkOutputs

_DRAWN = 320  # pixels; smaller images are enlarged before points are drawn


@dataclass(frozen=True)
class LandmarkPrediction:
    """The prediction for one image: probability of an object, its points in pixels, its class."""

    path: ImageSource
    presence: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    label: str | None = None
    error: str | None = None
    """Why the file could not be read."""


def predict(
    task: Landmarks, source: Path | Sequence[ImageSource], folder: Path | None = None, *, batch_size: int = 64
) -> list[LandmarkPrediction]:
    """Locates the landmarks in an image file, or in all image files below a folder.

    An image whose presence is below 0.5 has no points. With `folder`, writes predictions.csv, predictions.json and
    the images with their points there.

    Raises:
        ZooError: the model was not trained on images, the folder holds none, or the batch size is below 1.
    """
    if "preprocessing" not in task.card or "class_names" not in task.card:
        raise ZooError("this model knows no images: it was not trained here")
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    if folder is not None:
        (folder / "images").mkdir(parents=True, exist_ok=True)
    files, results = image_files(source), []
    for start in range(0, len(files), batch_size):
        batch = [_read(path) for path in files[start : start + batch_size]]
        found = iter(_locate(task, [image for _, image in batch if isinstance(image, Tensor)]))
        for path, image in batch:
            if not isinstance(image, Tensor):
                results.append(LandmarkPrediction(path, error=image))
                continue
            results.append(_result(task, path, image, next(found)))
            if folder is not None:
                _draw(results[-1], image, folder / "images")
    if folder is not None:
        _write(task, results, folder)
    return results


def _read(path: ImageSource) -> tuple[ImageSource, UInt8[Tensor, "3 _ _"] | str]:
    """A file with its image, or with the reason why it cannot be read."""
    try:
        return path, read_image(path, channels=3)
    except UnreadableImage as error:
        return path, error.reason


@torch.inference_mode()
def _locate(task: Landmarks, images: Sequence[UInt8[Tensor, "3 _ _"]]) -> list[LandmarkOutputs]:
    """The outputs of each image of a batch, on the CPU."""
    if not images:
        return []
    batch = torch.stack([_letterbox(task, image).image(image) for image in images])
    outputs = task.eval().predict_step(to_unit(batch.to(task.device)))
    return [LandmarkOutputs(*each) for each in zip(*(values.cpu() for values in outputs), strict=True)]


def _letterbox(task: Landmarks, image: UInt8[Tensor, "3 h w"]) -> Letterbox:
    return Letterbox(width=image.shape[2], height=image.shape[1], size=int(task.card["preprocessing"]["size"]))


def _result(
    task: Landmarks, path: ImageSource, image: UInt8[Tensor, "3 h w"], outputs: LandmarkOutputs
) -> LandmarkPrediction:
    presence, letterbox = float(outputs.presence), _letterbox(task, image)
    if presence < 0.5:
        return LandmarkPrediction(path, presence)
    places = letterbox.back((outputs.points * letterbox.size).repeat(1, 2))[:, :2]  # a point is an empty box
    points = tuple((float(x), float(y)) for x, y in places)
    return LandmarkPrediction(path, presence, points, str(task.card["class_names"][int(outputs.classes.argmax())]))


def _write(task: Landmarks, results: Sequence[LandmarkPrediction], folder: Path) -> None:
    """Writes predictions.csv, with two columns for each point, and predictions.json."""
    columns = [f"{axis}{i + 1}" for i in range(task.num_points) for axis in "xy"]
    rows = []
    for result in results:
        presence = "" if result.presence is None else f"{result.presence:.6f}"
        places = [f"{value:.2f}" for point in result.points for value in point] or [""] * len(columns)
        rows.append([str(result.path), presence, result.label or "", *places, result.error or ""])
    write_csv(folder / "predictions.csv", ["path", "presence", "label", *columns, "error"], rows)
    write_json(folder / "predictions.json", [vars(result) | {"path": str(result.path)} for result in results])


def _draw(result: LandmarkPrediction, image: UInt8[Tensor, "3 h w"], folder: Path) -> None:
    """Saves the image with a numbered mark on each point."""
    canvas = to_pil_image(image)
    larger = max(1, _DRAWN // max(canvas.size))  # marks need room
    canvas = canvas.resize((canvas.width * larger, canvas.height * larger))
    draw = ImageDraw.Draw(canvas)
    radius = max(3, max(canvas.size) // 80)
    for number, point in enumerate(result.points, start=1):
        x, y = (larger * value for value in point)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=COLORS[1], width=max(1, radius // 3))
        draw.text((x + radius, y + radius), str(number), COLORS[1], ImageFont.load_default(3 * radius))
    canvas.save(unused_path(folder, result.path.stem))
