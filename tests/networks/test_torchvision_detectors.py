"""Detectors of torchvision beside torchvision's own pipeline at equal weights."""

import numpy as np
import pytest
import torch
from torchmetrics.detection import MeanAveragePrecision
from torchvision.models import detection, resnet

from zoo.errors import ZooError
from zoo.networks.torchvision_detectors import TorchvisionDetector
from zoo.ops.detections import Detections
from zoo.tasks.detection import TorchvisionDetection

CLASSES = 3
LOW = 0.005  # below the scores of random weights
SIZES = {"ssdlite320_mobilenet_v3_large": 320}  # torchvision's own; the others take any
FCOS = "fcos_resnet50_fpn"
EACH = [
    FCOS,
    "ssdlite320_mobilenet_v3_large",
    pytest.param("retinanet_resnet50_fpn_v2", marks=pytest.mark.slow),
    pytest.param("fasterrcnn_resnet50_fpn_v2", marks=pytest.mark.slow),
]


@pytest.fixture(scope="module", params=EACH)
def pair(request):
    """Ours and torchvision's with the same random weights, on a ResNet of one block in each stage."""
    name = request.param
    size = SIZES.get(name, 64)

    def shallow(**options):
        return resnet.ResNet(resnet.Bottleneck, [1, 1, 1, 1], norm_layer=options.get("norm_layer"))

    torch.manual_seed(0)
    with pytest.MonkeyPatch.context() as patch:
        for module in (detection.fcos, detection.retinanet, detection.faster_rcnn):
            patch.setattr(module, "resnet50", shallow)
        ours = TorchvisionDetector(architecture=name, num_classes=CLASSES, image_size=size)
        sizes = {} if name in SIZES else {"min_size": size, "max_size": size}
        theirs = getattr(detection, name)(weights=None, weights_backbone=None, num_classes=CLASSES + 1, **sizes)
    theirs.load_state_dict(ours.detector.state_dict())
    images = torch.rand(2, 3, size, size)
    boxes = torch.tensor([[4.0, 6.0, 30.0, 40.0], [20.0, 10.0, 60.0, 50.0]])
    targets = [
        {"boxes": boxes, "labels": torch.tensor([0, 2])},
        {"boxes": boxes[:0], "labels": torch.tensor([]).long()},
    ]
    return ours, theirs, images, targets


def theirs_of(targets):
    return [target | {"labels": target["labels"] + 1} for target in targets]


def boxes_of(theirs, images, max_detections=100):
    """Their boxes of our classes, from `LOW` on."""
    selection = getattr(theirs, "roi_heads", theirs)
    selection.score_thresh, selection.detections_per_img = LOW, max_detections
    with torch.no_grad():
        found = theirs.eval()([*images])
    kept = [each["labels"] > 0 for each in found]
    return [
        Detections(each["boxes"][k], each["scores"][k], each["labels"][k] - 1)
        for each, k in zip(found, kept, strict=True)
    ]


def test_boxes_are_those_of_torchvision(pair):
    ours, theirs, images, _ = pair
    with torch.no_grad():
        found = ours.eval().detect(images, min_score=LOW, max_detections=100)
    for mine, expected in zip(found, boxes_of(theirs, images), strict=True):
        assert len(mine.boxes) > 10
        for part, other in zip(mine, expected, strict=True):
            assert torch.equal(part, other)


def test_losses_in_training_are_those_of_torchvision(pair):
    ours, theirs, images, targets = pair
    torch.manual_seed(1)
    terms = ours.train().losses(images, targets)
    torch.manual_seed(1)
    expected = theirs.train()([*images], theirs_of(targets))
    assert terms.keys() == expected.keys()
    for name, term in terms.items():
        assert torch.equal(term, expected[name]), name


def test_validation_leaves_statistics_alone_and_a_box_without_area_out(pair):
    ours, _, images, targets = pair
    before = {name: value.clone() for name, value in ours.eval().named_buffers()}
    empty = [{"boxes": torch.tensor([[5.0, 5.0, 5.0, 9.0]]), "labels": torch.tensor([1])}, targets[1]]
    with torch.no_grad():
        assert all(term.isfinite() for term in ours.losses(images, empty).values())
    assert not ours.training
    assert all(torch.equal(value, before[name]) for name, value in ours.named_buffers())


def test_average_precision_is_that_of_their_boxes(pair):
    ours, theirs, images, _ = pair
    found = boxes_of(theirs, images)
    truth = [{"boxes": each.boxes[::7], "labels": each.labels[::7]} for each in found]
    task = TorchvisionDetection(network=ours, min_score=LOW, iou_threshold=0.5).eval()
    selection = getattr(theirs, "roi_heads", theirs)
    task.iou_threshold = selection.nms_thresh
    with torch.no_grad():
        task.step((images, truth), "val")
    exact = {"iou_thresholds": np.linspace(0.5, 0.95, 10).tolist(), "rec_thresholds": np.linspace(0, 1, 101).tolist()}
    oracle = MeanAveragePrecision(backend="faster_coco_eval", **exact)
    oracle.update([each._asdict() for each in found], truth)
    assert task.metrics["val"]["boxes"].compute()["map"] == pytest.approx(float(oracle.compute()["map"]), abs=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "yolo"}, "`architecture` .=yolo. must be one of fcos_resnet50_fpn"),
        ({"num_classes": 0}, "`num_classes` .=0. must be at least 1"),
        ({"image_size": 16}, "`image_size` .=16. must be at least 32"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ZooError, match=message):
        TorchvisionDetector(**{"architecture": FCOS} | options)
