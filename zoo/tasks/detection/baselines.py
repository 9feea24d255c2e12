"""Sliding-window baseline of a detector: a small classifier applied at every position."""

import time
from typing import NamedTuple

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.data.base import DataModule
from zoo.data.detection.base import DetectionData
from zoo.data.detection.transforms import crop_resize
from zoo.data.images.base import to_unit
from zoo.networks.convolutional import Convolutional, to_convolutional
from zoo.networks.lenet import LeNet5
from zoo.ops.boxes import clip, convert
from zoo.ops.detections import Detections, select
from zoo.ops.iou import pairwise_iou
from zoo.tasks.base import Task
from zoo.tasks.detection.metrics import MAX_DETECTIONS, DetectionMetrics

_SIDE = 32  # pixels of a window
_STEP = 4  # pixels between windows: LeNet-5 pools twice
_MARGIN = 1.25  # side of a window relative to its box
_IMAGES = 600  # training images that windows are cut from
_POSITIVES, _NEGATIVES = 3, 8  # windows per object, and background windows per image
_SHIFT = 0.08  # standard deviation of the window position, relative to the side of the box
_EPOCHS, _BATCH, _RATE = 8, 64, 3e-3


class Windows(NamedTuple):
    """Windows and their classes; the last class is the background."""

    images: Float[Tensor, "n 3 s s"]
    labels: Int[Tensor, " n"]


def baselines(datamodule: DataModule, task: Task) -> dict[str, dict[str, float]]:
    """`map`, `map_50` and `ms_per_image` of a sliding LeNet-5 on the test images.

    LeNet-5 is trained on windows of the training images, with an extra background class, and converted to a fully
    convolutional network. It runs over each image once per anchor, at the scale at which the anchor fills the window.
    NMS and metrics are those of the detector.
    """
    assert isinstance(datamodule, DetectionData)
    classes = len(datamodule.class_names)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(datamodule.seed)
        slider = train(cut_windows(datamodule), classes)
    anchors = torch.tensor(datamodule.anchor_choice().anchors, dtype=torch.float32)
    metric, seconds = DetectionMetrics(sync_on_compute=False), 0.0  # only the first process computes baselines
    split = datamodule.dataset("test")
    for indices in torch.arange(len(split)).split(1):
        images, targets = split[indices]
        start = time.perf_counter()
        detections = slide(slider, to_unit(images), anchors)
        seconds += time.perf_counter() - start
        metric.add([detections], targets)
    values = metric.compute()
    return {
        "sliding LeNet-5": {
            "map": float(values["map"]),
            "map_50": float(values["map_50"]),
            "ms_per_image": 1000 * seconds / len(split),
        }
    }


def cut_windows(datamodule: DetectionData) -> Windows:
    """Cuts windows around the objects of training images, and background windows (IoU below 0.3 with all objects)."""
    split = datamodule.dataset("train")
    images, labels = [], []
    background = len(datamodule.class_names)
    anchors = torch.tensor(datamodule.anchor_choice().anchors, dtype=torch.float32)
    for i in torch.randperm(len(split))[:_IMAGES].split(1):
        batch, (target,) = split[i]
        image = to_unit(batch)[0]
        for box, label in zip(target["boxes"], target["labels"].tolist(), strict=True):
            for _ in range(_POSITIVES):
                images.append(_window(image, _near(box)))
                labels.append(label)
        drawn = _anywhere(anchors, image.shape[-1])
        overlap = pairwise_iou(drawn, target["boxes"])
        free = drawn if not overlap.numel() else drawn[overlap.amax(1) < 0.3]
        for box in free:
            images.append(_window(image, box))
            labels.append(background)
    return Windows(torch.stack(images), torch.tensor(labels))


def train(windows: Windows, classes: int) -> Convolutional:
    """Trains LeNet-5 with ReLU and max pooling on the windows; returns it as a convolutional network."""
    network = LeNet5(num_classes=classes + 1, in_channels=3, image_size=_SIDE, activation="relu", pooling="max")
    optimizer = torch.optim.Adam(network.parameters())
    steps = _EPOCHS * -(-len(windows.labels) // _BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, _RATE, total_steps=steps)
    for _ in range(_EPOCHS):
        for chosen in torch.randperm(len(windows.labels)).split(_BATCH):
            loss = F.cross_entropy(network(windows.images[chosen]), windows.labels[chosen])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    return to_convolutional(network.eval(), in_channels=3, image_size=_SIDE)


@torch.no_grad()
def slide(slider: nn.Module, images: Float[Tensor, "1 3 h w"], anchors: Float[Tensor, "a 2"]) -> Detections:
    """Detects objects in the windows of all anchors, followed by NMS."""
    height, width = images.shape[-2:]
    boxes, scores = [], []
    for shape in anchors:
        seen = shape * _MARGIN
        rows, columns = round(height * _SIDE / float(seen[1])), round(width * _SIDE / float(seen[0]))
        pad = _SIDE // 4  # for objects at the border
        if min(rows, columns) + 2 * pad < _SIDE:
            continue
        resized = F.interpolate(images, (rows, columns), mode="bilinear", antialias=True)
        logits = slider(F.pad(resized, (pad, pad, pad, pad), mode="replicate"))
        scores.append(logits.softmax(1)[0, :-1].flatten(1).T)
        row = torch.arange(logits.shape[2]).view(-1, 1).expand(logits.shape[2:])
        column = torch.arange(logits.shape[3]).expand(logits.shape[2:])
        x = (column.flatten() * _STEP + _SIDE / 2 - pad) * width / columns
        y = (row.flatten() * _STEP + _SIDE / 2 - pad) * height / rows
        centers = torch.stack([x, y], 1)
        boxes.append(convert(torch.cat([centers, shape.expand(len(centers), 2)], 1), "cxcywh", "xyxy"))
    if not boxes:
        return Detections(torch.empty(0, 4), torch.empty(0), torch.empty(0, dtype=torch.long))
    inside = clip(torch.cat(boxes), height, width)  # as the detector does
    return select(inside, torch.cat(scores), min_score=0.05, iou_threshold=0.3, max_detections=MAX_DETECTIONS)


def _window(image: Float[Tensor, "3 h w"], box: Float[Tensor, "4"]) -> Float[Tensor, "3 s s"]:
    x, y, width, height = convert(box, "xyxy", "cxcywh").tolist()
    half_width, half_height = width * _MARGIN / 2, height * _MARGIN / 2
    return crop_resize(
        image, (x - half_width, y - half_height, x + half_width, y + half_height), width=_SIDE, height=_SIDE
    )


def _near(box: Float[Tensor, "4"]) -> Float[Tensor, "4"]:
    return box + _SHIFT * torch.randn(4) * (box[2:] - box[:2]).repeat(2)


def _anywhere(anchors: Float[Tensor, "a 2"], side: int) -> Float[Tensor, "n 4"]:
    shapes = anchors[torch.randint(len(anchors), (_NEGATIVES,))]
    return convert(torch.cat([torch.rand(_NEGATIVES, 2) * side, shapes], 1), "cxcywh", "xyxy")
