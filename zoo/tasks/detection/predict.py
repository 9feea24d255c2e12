"""Detection in image files, folders and videos."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from jaxtyping import UInt8
from torch import Tensor

from zoo.csv_files import write_csv
from zoo.data.detection.drawing import COLORS, draw_boxes
from zoo.data.detection.transforms import Letterbox
from zoo.data.images.base import to_unit
from zoo.data.images.files import UnreadableImage, read_image
from zoo.data.video import frames, is_video
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.ops.detections import Detections, clip_detections
from zoo.prediction.images import ImageSource, image_files, unused_path
from zoo.tasks.card import NO_IMAGES
from zoo.tasks.detection.task import Detection, require_thresholds


@dataclass(frozen=True)
class Box:
    """One object: xyxy in pixels of the image, class and score."""

    corners: tuple[float, float, float, float]
    label: str
    category: int
    score: float


@dataclass(frozen=True)
class BoxPrediction:
    """The objects in one image, best first; an unreadable file has an error and no boxes."""

    path: ImageSource
    boxes: tuple[Box, ...] = ()
    frame: int | None = None
    """Index of the frame in a video, from 0."""
    error: str | None = None
    """Why the file could not be read."""

    @property
    def name(self) -> str:
        """The name of the image without extension; in a video with the index of the frame."""
        return self.path.stem if self.frame is None else f"{self.path.stem}_{self.frame:06d}"

    def to_coco(self) -> list[dict[str, Any]]:
        """Rows in the format of COCO results; `bbox` is x, y, width, height in pixels.

        The ids of an annotation file are unknown here. `image_id` is the path, followed by # and the frame in a video.
        `category_id` is the index of the class in the model, from 0.
        """
        rows = []
        for box in self.boxes:
            x1, y1, x2, y2 = box.corners
            where = {"image_id": str(self.path), "file_name": str(self.path)}
            if self.frame is not None:
                where |= {"image_id": f"{self.path}#{self.frame}", "frame": str(self.frame)}
            detection = {"category_id": box.category, "category": box.label, "bbox": [x1, y1, x2 - x1, y2 - y1]}
            rows.append(where | detection | {"score": box.score})
        return rows


class _Input(NamedTuple):
    path: ImageSource
    frame: int | None
    image: UInt8[Tensor, "3 _ _"] | None
    error: str | None


def predict(
    task: Detection,
    source: Path | Sequence[ImageSource],
    folder: Path | None = None,
    *,
    batch_size: int = 16,
    min_score: float | None = None,
    iou_threshold: float | None = None,
) -> list[BoxPrediction]:
    """Detects the objects in an image file, in all image files below a folder, or in all frames of a video.

    `min_score` defaults to the operating point chosen on the validation split. On a CPU the boxes are bit-identical
    for every `batch_size`. With `folder`, writes predictions.csv, predictions.json and the images with their boxes.

    Raises:
        ZooError: the model was not trained on images, the source holds none, or a threshold is out of range.
    """
    if "preprocessing" not in task.card or "class_names" not in task.card:
        raise ZooError(NO_IMAGES)
    if batch_size < 1:
        raise ZooError(f"`batch_size` (={batch_size}) must be at least 1")
    require_thresholds(min_score, iou_threshold)
    if folder is not None:
        (folder / "images").mkdir(parents=True, exist_ok=True)
    task.eval()
    score = float(task.operating_point) if min_score is None else min_score
    results: list[BoxPrediction] = []
    for batch in _batches(_inputs(source), batch_size):
        found = iter(_detect(task, [p.image for p in batch if p.image is not None], score, iou_threshold))
        for each in batch:
            if each.image is None:
                results.append(BoxPrediction(each.path, frame=each.frame, error=each.error))
                continue
            results.append(_result(each, next(found), task.card["class_names"]))
            if folder is not None:
                _draw(results[-1], each.image, folder / "images")
    if folder is not None:
        write(results, folder)
    return results


def write(results: list[BoxPrediction], folder: Path) -> None:
    """Writes predictions.csv, one row per box, and predictions.json."""
    rows = []
    for result in results:
        where = [str(result.path), "" if result.frame is None else str(result.frame)]
        for box in result.boxes:
            rows.append([*where, box.label, f"{box.score:.6f}", *(f"{v:.2f}" for v in box.corners), ""])
        if not result.boxes:
            rows.append([*where, "", "", "", "", "", "", result.error or ""])
    write_csv(folder / "predictions.csv", ["path", "frame", "label", "score", "x1", "y1", "x2", "y2", "error"], rows)
    write_json(folder / "predictions.json", [row for result in results for row in result.to_coco()])


def _inputs(source: Path | Sequence[ImageSource]) -> Iterator[_Input]:
    for path in image_files(source):
        if isinstance(path, Path) and is_video(path):
            for number, image in enumerate(frames(path)):
                yield _Input(path, number, image, None)
            continue
        try:
            yield _Input(path, None, read_image(path, channels=3), None)
        except UnreadableImage as error:
            yield _Input(path, None, None, error.reason)


def _batches(inputs: Iterable[_Input], size: int) -> Iterator[list[_Input]]:
    batch: list[_Input] = []
    for each in inputs:
        batch.append(each)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


@torch.inference_mode()
def _detect(
    task: Detection, images: list[UInt8[Tensor, "3 _ _"]], min_score: float, iou_threshold: float | None
) -> list[Detections]:
    """Detections of each image, in pixels of the original image."""
    if not images:
        return []
    size = int(task.card["preprocessing"]["size"])
    boxing = [Letterbox(width=image.shape[2], height=image.shape[1], size=size) for image in images]
    batch = torch.stack([box.image(image) for box, image in zip(boxing, images, strict=True)]).to(task.device)
    # Convolutions round differently for each batch size. On a CPU single images cost little more than batches.
    parts = batch.split(1 if task.device.type == "cpu" else len(batch))
    found = [
        detections
        for part in parts
        for detections in task.detect(to_unit(part), min_score=min_score, iou_threshold=iou_threshold)
    ]
    placed: list[Detections] = []
    for letterbox, detections in zip(boxing, found, strict=True):
        width, height = letterbox.original
        boxes, scores, labels = (part.cpu() for part in detections)
        frame = torch.tensor([0, 0, width, height]).float()
        placed.append(clip_detections(Detections(letterbox.back(boxes), scores, labels), frame))
    return placed


def _result(source: _Input, found: Detections, names: list[str]) -> BoxPrediction:
    boxes = []
    for corners, score, label in zip(*(part.tolist() for part in found), strict=True):
        x1, y1, x2, y2 = corners
        boxes.append(Box((x1, y1, x2, y2), str(names[label]), label, score))
    return BoxPrediction(source.path, tuple(boxes), source.frame)


def _draw(result: BoxPrediction, image: UInt8[Tensor, "3 h w"], folder: Path) -> None:
    corners = torch.tensor([box.corners for box in result.boxes]).view(-1, 4)
    captions = [f"{box.label} {box.score:.2f}" for box in result.boxes]
    colors = [COLORS[box.category % len(COLORS)] for box in result.boxes]
    draw_boxes(image, corners, captions, colors).save(unused_path(folder, result.name))
