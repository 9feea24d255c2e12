import json

import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.errors import ZooError
from zoo.run.build import build_task
from zoo.run.export import export
from zoo.tasks.base import CHECKPOINT_FORMAT
from zoo.tasks.detection.export import AllBoxes, KeptBoxes, _crowded

ANCHORS = [[10.0, 10.0], [14.0, 20.0], [20.0, 14.0], [24.0, 24.0], [30.0, 40.0], [40.0, 30.0]]
OPTIONS = {
    "format": "onnx",
    "output": None,
    "with_preprocessing": False,
    "tolerance": 1e-4,
    "device": "cpu",
    "trust": [],
    "options": {},
}


@pytest.fixture
def task():
    """A detector with well separated scores and many overlapping boxes."""
    torch.manual_seed(0)
    metadata = {"num_classes": 3, "in_channels": 3, "image_size": 64, "anchors": ANCHORS}
    card = {"preprocessing": {"size": 64, "channels": 3, "resize": "letterbox"}, "class_names": ["a", "b", "c"]}
    task = build_task(to_dict(compose(["model=yolo"]))["model"], metadata, card)
    for _ in range(20):  # the statistics of norms settle
        task.network.train()(torch.rand(8, 3, 64, 64))
    with torch.no_grad():
        for branch in task.network.branches:
            branch[-1].weight.mul_(20)
            branch[-1].bias.zero_()
    _, scores = task.eval()(torch.rand(3, 3, 64, 64))
    task.operating_point.fill_(scores.detach().amax(-1).quantile(0.6).item())
    return task.eval()


def kept_boxes(task):
    return KeptBoxes(task, min_score=float(task.operating_point))


def save(task, folder):
    checkpoint = {
        "state_dict": task.state_dict(),
        "zoo": {"format": CHECKPOINT_FORMAT, "model": task.config, "card": task.card},
    }
    torch.save(checkpoint, folder / "best.ckpt")
    return folder / "best.ckpt"


def test_kept_boxes_are_the_detections(task):
    images = torch.rand(3, 3, 64, 64)
    rows = kept_boxes(task)(images)
    assert len(rows) > 20
    for i, found in enumerate(task.detect(images, min_score=float(task.operating_point), max_detections=1000)):
        mine = rows[rows[:, 0] == i]
        mine = mine[mine[:, 5].argsort(descending=True, stable=True)]
        torch.testing.assert_close(mine[:, 5], found.scores)
        torch.testing.assert_close(mine[:, 1:5], found.boxes)
        assert mine[:, 6].long().tolist() == found.labels.tolist()


def test_empty_and_infinite_boxes_are_not_kept(task, monkeypatch):
    boxes, scores = task(torch.rand(1, 3, 64, 64))
    boxes[0, 0::3, 2] = boxes[0, 0::3, 0]
    boxes[0, 1::3, 0] = float("nan")
    monkeypatch.setattr(task, "forward", lambda images: (boxes, scores))
    rows = kept_boxes(task)(torch.rand(1, 3, 64, 64))
    assert len(rows) > 5
    assert torch.isfinite(rows).all()
    assert ((rows[:, 3] > rows[:, 1]) & (rows[:, 4] > rows[:, 2])).all()


@pytest.mark.parametrize("nms", [pytest.param(False, marks=pytest.mark.slow), True])
def test_the_onnx_file_equals_the_detector_at_batches_of_1_and_3(task, tmp_path, nms):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    path, worst = export(save(task, tmp_path), **OPTIONS | {"options": {"nms": nms}})
    assert worst < 1e-4
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    described = json.loads(session.get_modelmeta().custom_metadata_map["zoo.json"])
    assert [output.name for output in session.get_outputs()] == (["rows"] if nms else ["boxes", "scores", "classes"])
    point = float(task.operating_point)
    assert (described["operating_point"], described["iou_threshold"]) == (point, task.iou_threshold)
    images = torch.rand(5, 3, 64, 64)
    outputs = session.run(None, {"images": images.numpy()})
    program = (kept_boxes if nms else AllBoxes)(task)
    with torch.no_grad():
        expected = program(images)
    for mine, theirs in zip([expected] if nms else expected, outputs, strict=True):
        torch.testing.assert_close(mine, torch.from_numpy(theirs), atol=1e-3, rtol=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("point", [0.0, 1.0])
def test_a_file_of_another_iou_threshold_is_not_kept_wherever_the_operating_point_lies(
    task, tmp_path, monkeypatch, point
):
    for package in ("onnx", "onnxscript", "onnxruntime"):
        pytest.importorskip(package)
    task.operating_point.fill_(point)
    with torch.no_grad():
        for branch in task.network.branches:
            branch[-1].bias.view(3, -1)[:, 5] = 4  # one class, so that more boxes overlap

    def cut(threshold):
        return 0.95 if threshold == 0.5 else threshold

    monkeypatch.setattr("zoo.tasks.detection.export.next_below", cut)
    with pytest.raises(ZooError, match=r"the onnx file differs from the network by .*: not kept"):
        export(save(task, tmp_path), **OPTIONS | {"options": {"nms": True}})
    assert [path.name for path in tmp_path.iterdir()] == ["best.ckpt"]


def test_a_network_whose_boxes_all_score_alike_cannot_be_checked(task, tmp_path):
    with torch.no_grad():
        for branch in task.network.branches:
            branch[-1].weight.zero_()
            branch[-1].bias.zero_()
    with pytest.raises(ZooError, match=r"`nms` \(=true\): the network scores all boxes alike"):
        export(save(task, tmp_path), **OPTIONS | {"options": {"nms": True}})


LOW_GAP = [0.9, 0.6, 0.55, 0.5, 0.45, 0.42, 0.4, 0.2, 0.19, 0.18, 0.17]  # a wider one lies among the better half
MANY = [*torch.linspace(0.95, 0.9, 250).tolist(), 0.8, 0.79, 0.78, 0.77, 0.76, 0.75, 0.74, *[0.1] * 300]


@pytest.mark.parametrize(("scores", "middle"), [(LOW_GAP, 0.3), (MANY, 0.85)])
def test_the_second_check_starts_in_the_widest_gap_of_the_worse_half_of_the_best(task, monkeypatch, scores, middle):
    order = torch.randperm(len(scores), generator=torch.Generator().manual_seed(0))
    batches = torch.tensor(scores)[order].chunk(2)

    def forward(self, images):
        found = batches[int(images)]
        boxes = torch.tensor([[0.0, 0.0, 1.0, 1.0]]).repeat(len(found) + 1, 1)
        boxes[-1] = float("nan")  # no box, though it has the best score
        return boxes, torch.cat([found, torch.tensor([0.99])]), torch.zeros(len(boxes))

    monkeypatch.setattr(AllBoxes, "forward", forward)
    twin = _crowded(task, [torch.tensor(0), torch.tensor(1)])
    assert float(twin.min_score) == pytest.approx(middle)
