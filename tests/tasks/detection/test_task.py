import warnings

import pytest
import torch
from detection_sets import coco, write_coco

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.losses.assigners import ShapeRatio
from zoo.losses.yolo import YoloLoss
from zoo.networks.yolo import YOLO, SmallDarknet
from zoo.ops.boxes import area
from zoo.ops.grid import deactivate, encode
from zoo.run.build import build_data, build_task
from zoo.run.ema import MovingAverage
from zoo.tasks.detection import Detection
from zoo.tasks.detection.predict import predict
from zoo.tasks.detection.report import detect_test_split

TINY = [
    "data.train_scenes=8",
    "data.val_scenes=4",
    "data.test_scenes=6",
    "data.image_size=64",
    "data.object_size=[14,28]",
]
BACKBONE = {"widths": (4, 8, 8, 8), "depths": (0, 0, 0, 0)}


def make(network=None, **changes):
    loss = YoloLoss(
        assigner=ShapeRatio(max_ratio=4.0),
        objectness_weight=1.0,
        box_weight=1.0,
        classification_weight=1.0,
        gamma=0.0,
        class_weights=None,
    )
    network = network or YOLO(backbone=SmallDarknet(**BACKBONE), width=8, num_classes=2)
    return Detection(**({"network": network, "loss": loss, "min_score": 0.01, "iou_threshold": 0.5} | changes))


class Oracle(torch.nn.Module):
    """A network that returns given outputs."""

    def __init__(self, targets, size=64):
        super().__init__()
        self.anchors = torch.tensor([[[12.0, 12.0]], [[30.0, 30.0]]])
        self.strides = [8, 16]
        grids = []
        for anchors, stride in zip(self.anchors, self.strides, strict=True):
            cells = size // stride
            raws = []
            for target in targets:
                place = encode(
                    target["boxes"], target["labels"], anchors, stride=stride, rows=cells, columns=cells, num_classes=2
                )
                where = torch.nonzero(place[..., 0], as_tuple=True)
                raw = torch.where(place > 0.5, 10.0, -10.0)
                raw[(*where, slice(1, 5))] = deactivate(place[where][:, 1:5], anchors[where[2]], stride)
                raws.append(raw)
            grids.append(torch.stack(raws))
        self.grids = tuple(grids)

    def forward(self, images):
        return self.grids


def scenes():
    boxes = torch.tensor([[2.0, 2.0, 16.0, 14.0], [20.0, 20.0, 52.0, 48.0], [40.0, 3.0, 58.0, 15.0]])
    return [
        {"boxes": boxes, "labels": torch.tensor([0, 1, 1])},
        {"boxes": torch.empty(0, 4), "labels": torch.empty(0, dtype=torch.long)},
        {"boxes": boxes[:1], "labels": torch.tensor([1])},
    ]


def test_grids_made_from_the_truth_measure_as_perfect():
    targets = scenes()
    task = make(Oracle(targets)).eval()
    task.validation_step((torch.zeros(3, 3, 64, 64), targets), 0)
    values = task.val_metrics.compute()
    assert {name: round(float(values[f"val/{name}"]), 4) for name in ("map", "map_50", "f1")} == {
        "map": 1.0,
        "map_50": 1.0,
        "f1": 1.0,
    }


def test_an_object_at_the_border_is_measured_with_the_box_that_is_given():
    targets = [{"boxes": torch.tensor([[-12.0, 2.0, 20.0, 30.0]]), "labels": torch.tensor([0])}]
    task = make(Oracle(targets)).eval()
    seen = [{"boxes": torch.tensor([[0.0, 2.0, 20.0, 30.0]]), "labels": torch.tensor([0])}]
    images = torch.zeros(1, 3, 64, 64)
    task.validation_step((images, seen), 0)
    assert float(task.val_metrics.compute()["val/map"]) == pytest.approx(1.0)
    best = task.detect(images)[0].boxes[:1]
    torch.testing.assert_close(best, seen[0]["boxes"])
    torch.testing.assert_close(task._boxes_of("val")._found()[0].boxes[:1], best)


def test_validation_measures_what_a_prediction_gives_for_an_image_that_is_not_square(tmp_path):
    for split in ("train", "val"):
        write_coco(tmp_path, [(0, 5, 0, 0, 30, 20), (0, 7, 30, 24, 20, 16)], split=split, images=1)
    data = coco(tmp_path)  # 60 × 40 pixels in a square of 64, with 10 rows of gray above and 11 below
    images, (truth,) = data.normalize(data.dataset("val")[torch.arange(1)])
    assert truth["area"].tolist() == [0, 10, 64, 53]
    beyond = truth["boxes"].clone()
    beyond[0, 1], beyond[1, 3] = 4, 60
    beside = torch.tensor([[40.0, 1.0, 52.0, 9.0]])  # in the gray
    outputs = [{"boxes": torch.cat([beyond, beside]), "labels": torch.cat([truth["labels"], torch.tensor([0])])}]
    task = make(Oracle(outputs)).eval()
    task.card = data.card()
    task.validation_step((images, [truth]), 0)
    values = task.val_metrics.compute()
    assert {name: round(float(values[f"val/{name}"]), 4) for name in ("map", "precision", "recall")} == {
        "map": 1.0,
        "precision": 1.0,
        "recall": 1.0,
    }
    (predicted,) = predict(task, tmp_path / "val", min_score=0.5)
    corners = torch.tensor([box.corners for box in sorted(predicted.boxes, key=lambda box: box.category)])
    torch.testing.assert_close(corners, torch.tensor([[0.0, 0, 30, 20], [30.0, 24, 50, 40]]))
    measured = task._boxes_of("val")._found()[0]
    (stepped,) = task.predict_step((images, [truth]))
    assert len(stepped.labels) == 2
    torch.testing.assert_close(stepped.boxes, measured.boxes[measured.scores >= 0.5])
    found, _, _ = detect_test_split(task, data)  # the val image is the test image too
    torch.testing.assert_close(found[0].boxes, measured.boxes)


def test_all_boxes_end_at_the_border_and_those_outside_are_empty():
    network = Oracle(scenes())
    network.grids = tuple(torch.full((1, 32 // s, 48 // s, 1, 7), -9.0) for s in network.strides)
    network.grids[1][..., 3:5] = 9.0  # four times the anchor
    boxes, _ = make(network)(torch.zeros(1, 3, 32, 48))
    assert boxes.amin(1).tolist() == [[0, 0, 0, 0]]
    assert boxes.amax(1)[0, 2:].tolist() == [48, 32]
    assert not area(boxes[0, 0])  # a small box, half a cell left of and above the corner


def test_the_forward_gives_boxes_and_scores_of_all_anchors():
    boxes, scores = make().eval()(torch.rand(2, 3, 64, 64))
    assert boxes.shape == (2, (64 + 16) * 3, 4)
    assert scores.shape == (2, 240, 2)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("callbacks", [[], [MovingAverage(decay=0.99)]])
def test_the_operating_point_is_found_in_validation_saved_and_used(callbacks, tmp_path):
    from pytorch_lightning import Trainer

    config = to_dict(compose(["model=yolo", "model.min_score=0.0001", *TINY]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    task.optimizer_factory = lambda groups: torch.optim.Adam(groups, lr=1e-3)
    trainer = Trainer(
        max_epochs=1,
        accelerator="cpu",
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers
        trainer.fit(task, datamodule=data)
    point = float(task.operating_point)
    assert point != 0.5
    trainer.save_checkpoint(tmp_path / "a.ckpt")
    saved = torch.load(tmp_path / "a.ckpt", weights_only=True)["state_dict"]["operating_point"]
    assert float(saved) == point
    metric = task._boxes_of("test")
    task.on_test_start()
    assert metric.at == point
    found = task.eval().predict_step(torch.rand(2, 3, 64, 64))
    assert all((detections.scores >= point).all() for detections in found)


@pytest.mark.parametrize("end", [{"max_epochs": -1, "max_steps": 4}, {"max_epochs": 2}])
def test_the_augmentation_is_told_how_far_training_is(end):
    from pytorch_lightning import Trainer

    config = to_dict(compose(["model=yolo", "data.batch_size=4", *TINY]))
    data = build_data(config["data"])
    seen = []
    data.augmentation = lambda images, targets, progress: (seen.append(progress), (images, targets))[1]
    task = make(YOLO(backbone=SmallDarknet(**BACKBONE), width=8, num_classes=10))
    task.optimizer_factory = lambda groups: torch.optim.Adam(groups, lr=1e-3)
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = Trainer(accelerator="cpu", limit_val_batches=0, enable_model_summary=False, **quiet, **end)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Lightning's advice on workers
        trainer.fit(task, datamodule=data)
    assert seen == [0.0, 0.25, 0.5, 0.75]


@pytest.mark.parametrize("precision", [torch.float64, torch.bfloat16])
def test_another_precision_trains_and_leaves_the_operating_point_as_it_was(precision):
    torch.manual_seed(0)
    task = make()
    task.operating_point.fill_(0.45678)
    point = float(task.operating_point)
    task.to(precision)
    assert float(task.operating_point) == point
    assert task.operating_point is task.state_dict(keep_vars=True)["operating_point"]
    loss = task.step((torch.rand(3, 3, 64, 64, dtype=precision), scenes()), "val")
    loss.backward()
    assert loss.dtype == torch.float32
    assert torch.isfinite(loss)


def test_it_overfits_a_scene():
    torch.manual_seed(0)
    targets = scenes()[:1]
    task = make(YOLO(backbone=SmallDarknet(widths=(8, 16, 24, 32), depths=(0, 0, 1, 1)), width=24, num_classes=2))
    image = torch.zeros(1, 3, 64, 64)
    for box, label in zip(targets[0]["boxes"].long().tolist(), targets[0]["labels"].tolist(), strict=True):
        image[0, label, box[1] : box[3], box[0] : box[2]] = 1
    batch = (image.repeat(2, 1, 1, 1), targets * 2)
    optimizer = torch.optim.Adam(task.parameters(), lr=5e-3)
    first = None
    for _ in range(60):
        loss = task.step(batch, "train")
        first = first if first is not None else loss.item()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.5 * first


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("min_score", 1.5, "between 0 and 1"),
        ("min_score", -0.1, "between 0 and 1"),
        ("iou_threshold", 1.5, "above 0 and at most 1"),
        ("iou_threshold", 0.0, "above 0 and at most 1"),
    ],
)
def test_thresholds_outside_their_range_are_refused(name, value, message):
    with pytest.raises(ZooError, match=rf"`{name}` \(={value}\) must be {message}"):
        make(**{name: value})
