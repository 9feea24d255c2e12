"""Landmarks in image files, folders and videos."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image

from zoo.csv_files import write_csv
from zoo.data.detection.drawing import COLORS, draw_boxes
from zoo.data.images.base import to_unit
from zoo.data.landmarks.base import LARGEST_MARGIN
from zoo.data.landmarks.drawing import draw_points
from zoo.data.landmarks.squares import BOX_COLUMNS
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.prediction.images import ImageSource, unused_path
from zoo.tasks.card import NO_IMAGES
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.regions import Region, given_boxes, regions
from zoo.tasks.landmarks.task import LandmarkOutputs

_DRAWN = 640  # pixels; smaller images are enlarged, so that names of points are legible


@dataclass(frozen=True)
class LandmarkPrediction:
    """The prediction for one image or box: probability of an object, its points in pixels, its class."""

    path: ImageSource
    presence: float | None = None
    points: tuple[tuple[float, float], ...] = ()
    label: str | None = None
    category: int | None = None
    """Index of the class in the model; the id of a COCO file that gave the boxes."""
    score: float | None = None
    """Probability that there is an object of this class."""
    frame: int | None = None
    """Index of the frame in a video, from 0."""
    image_id: int | str | None = None
    """Of a COCO file that gave the boxes."""
    box: tuple[float, float, float, float] | None = None
    """The given one, xyxy in pixels."""
    error: str | None = None
    """Why the file could not be read."""

    @property
    def name(self) -> str:
        """The name of the image without extension; in a video with the index of the frame."""
        return self.path.stem if self.frame is None else f"{self.path.stem}_{self.frame:06d}"

    def to_coco(self) -> dict[str, Any]:
        """A row in the format of COCO's keypoint results; `image_id` without a COCO file is the path, # and frame."""
        path = str(self.path)
        fallback = path if self.frame is None else f"{path}#{self.frame}"
        where = {"image_id": fallback if self.image_id is None else self.image_id, "file_name": path}
        keypoints = [value for x, y in self.points for value in (x, y, 1)]
        what = {"category_id": self.category, "category": self.label}
        return where | what | {"keypoints": keypoints, "score": self.score}


def predict(
    task: Landmarks,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    batch_size: int = 64,
    boxes: str | None = None,
    min_presence: float | None = None,
) -> list[LandmarkPrediction]:
    """Locates the landmarks in an image file, in all image files below a folder, or in all frames of a video.

    `boxes` is a file with boxes around the objects: CSV with path, x1, y1, x2, y2, or COCO JSON. Each gives one
    prediction, from a square as in training. Without it, an image shows one object. One with a presence below
    `min_presence` (default 0.5; 0 with `boxes`) has no points. On a CPU the points are bit-identical for every
    `batch_size`. With `folder`, writes predictions.csv, predictions.json (COCO's keypoint results) and the images with
    their points there.

    Raises:
        ZooError: the model was not trained on images, the source holds none, or an option is out of range.
    """
    if "preprocessing" not in task.card or "class_names" not in task.card:
        raise ZooError(NO_IMAGES)
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    if min_presence is not None and not 0 <= min_presence <= 1:
        raise ZooError(f"`min_presence` (={min_presence}) must be a probability from 0 to 1")
    margin = float(task.card.get("margin", 0.0))
    if not 0 <= margin <= LARGEST_MARGIN:
        raise ZooError(f"`card.margin` (={margin}) must be from 0 to {LARGEST_MARGIN}; the file was edited")
    given = None if boxes is None else given_boxes(source, boxes)
    if given is None and task.card.get("around_boxes"):
        print("this model was trained on squares around boxes, and sees whole images here: give boxes=FILE")
    least = min_presence if min_presence is not None else 0.5 if given is None else 0.0
    if folder is not None:
        (folder / "images").mkdir(parents=True, exist_ok=True)
    categories = given.categories if given is not None else {}
    results = []
    for batch in _batches(regions(source, given, margin=margin), batch_size):
        found = iter(_locate(task, batch))
        for region in batch:
            if region.image is None:
                unread = LandmarkPrediction(region.path, frame=region.frame, box=region.corners, error=region.error)
                results.append(unread)
                continue
            results.append(_result(task, region, next(found), least, categories))
            if folder is not None:
                _draw(task, results[-1], region, folder / "images")
    if folder is not None:
        _write(task, results, folder)
    return results


def point_names(task: Landmarks) -> list[str]:
    """Names of the points; their numbers from 1 where a checkpoint has none."""
    names = task.card.get("point_names") or [str(number) for number in range(1, task.num_points + 1)]
    if len(names) != task.num_points:
        raise ZooError(f"the checkpoint names {len(names)} points, and its network has {task.num_points}")
    return [str(name) for name in names]


def _batches(found: Iterable[Region], size: int) -> Iterator[list[Region]]:
    remaining = iter(found)
    while batch := list(islice(remaining, size)):
        yield batch


@torch.inference_mode()
def _locate(task: Landmarks, batch: Sequence[Region]) -> list[LandmarkOutputs]:
    """The outputs of each readable region of a batch, on the CPU."""
    size = int(task.card["preprocessing"]["size"])
    cut = [each.square.cut(each.image, size) for each in batch if each.image is not None and each.square is not None]
    if not cut:
        return []
    images = torch.stack(cut).to(task.device)
    # Convolutions round differently for each batch size. On a CPU single images cost little more than batches.
    found: list[LandmarkOutputs] = []
    for part in images.split(1 if task.device.type == "cpu" else len(images)):
        outputs = task.eval().predict_step(to_unit(part))
        found += [LandmarkOutputs(*each) for each in zip(*(values.cpu() for values in outputs), strict=True)]
    return found


def _result(
    task: Landmarks, region: Region, outputs: LandmarkOutputs, least: float, categories: Mapping[str, int]
) -> LandmarkPrediction:
    assert region.square is not None
    presence, number = float(outputs.presence), int(outputs.classes.argmax())
    if presence < least:
        return LandmarkPrediction(region.path, presence, frame=region.frame, box=region.corners)
    label = str(task.card["class_names"][number])
    return LandmarkPrediction(
        region.path,
        presence,
        points=tuple((float(x), float(y)) for x, y in region.square.pixels(outputs.points.double())),
        label=label,
        category=categories.get(label, number),
        score=presence * float(outputs.classes[number]),
        frame=region.frame,
        image_id=None if region.box is None else region.box.image_id,
        box=region.corners,
    )


def _write(task: Landmarks, results: Sequence[LandmarkPrediction], folder: Path) -> None:
    """Writes predictions.csv, with two columns for each point and those of given boxes, and predictions.json."""
    names = point_names(task)
    boxed = [*BOX_COLUMNS] if any(result.box is not None for result in results) else []
    columns = [f"{axis}{name}" if name.isdecimal() else f"{name}_{axis}" for name in names for axis in "xy"]
    rows = []
    for result in results:
        presence = "" if result.presence is None else f"{result.presence:.6f}"
        places = [f"{value:.2f}" for point in result.points for value in point] or [""] * 2 * len(names)
        frame = "" if result.frame is None else str(result.frame)
        corners = [] if not boxed else [""] * 4 if result.box is None else [f"{value:.2f}" for value in result.box]
        rows.append([str(result.path), frame, presence, result.label or "", *places, *corners, result.error or ""])
    write_csv(folder / "predictions.csv", ["path", "frame", "presence", "label", *columns, *boxed, "error"], rows)
    write_json(folder / "predictions.json", [result.to_coco() for result in results if result.points])


def _draw(task: Landmarks, result: LandmarkPrediction, region: Region, folder: Path) -> None:
    """Saves the image with its points and their names, or with the box between two corners."""
    assert region.image is not None
    image: Tensor = region.image
    larger = max(1, _DRAWN // max(image.shape[1:]))  # marks need room
    points = torch.tensor(result.points).view(-1, 2)
    path = unused_path(folder, result.name)
    if not len(points):
        canvas = to_pil_image(image)
        canvas.resize((canvas.width * larger, canvas.height * larger)).save(path)
    elif task.points_are_box:
        caption = f"{result.label} {result.score:.2f}"
        draw_boxes(image, points.view(1, 4), [caption], [COLORS[1]], enlarge=larger).save(path)
    else:
        places = range(task.num_points)
        lines = [(a, b) for a, b in task.card.get("skeleton", []) if a in places and b in places]
        shown = torch.ones(len(points), dtype=torch.bool)
        draw_points(image, points, shown, point_names(task), lines, enlarge=larger).save(path)
