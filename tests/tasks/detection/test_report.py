import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.ops.detections import Detections
from zoo.run.build import build_data, build_task
from zoo.tasks.detection.baselines import baselines, slide
from zoo.tasks.detection.report import _mistakes, sections

TINY = [
    "data.train_scenes=8",
    "data.val_scenes=4",
    "data.test_scenes=6",
    "data.image_size=64",
    "data.object_size=[14,28]",
]


@pytest.fixture
def built():
    torch.manual_seed(0)
    config = to_dict(compose(["model=yolo", *TINY]))
    data = build_data(config["data"])
    task = build_task(config["model"], data.metadata(), data.card())
    task.network.train()(torch.rand(8, 3, 64, 64))
    task.operating_point.fill_(0.003)
    return task.eval(), data


def test_the_report_has_all_its_parts(built, tmp_path):
    task, data = built
    results = {
        "parameters": 1,
        "epochs": 1,
        "seconds": 1.0,
        "device": "CPU",
        "precision": "32",
        "samples_per_second": 1.0,
        "test": {"map": 0.1, "map_50": 0.2, "loss": 1.0},
        "baselines": {"sliding LeNet-5": {"map_50": 0.1, "ms_per_image": 3.0}},
    }
    parts = sections(task, data, tmp_path, results)
    assert [part.title for part in parts] == [
        "Result",
        "Precision and recall",
        "Classes",
        "Sizes",
        "Confusion matrix",
        "Worst misses and false positives",
        "Test images",
        "Training images",
        "Anchors",
    ]
    assert "is the score 0.003" in parts[1].text
    assert "ms per test image, sliding LeNet-5 3.0 ms." in parts[0].text
    classes = parts[2].table
    assert len(classes) == 11
    objects = sum(len(target["labels"]) for target in data.dataset("test").targets)
    assert sum(int(row[-1]) for row in classes[1:]) == objects
    assert [row[0] for row in parts[3].table[1:]] == ["small, below 32×32", "medium, below 96×96", "large"]
    assert sum(int(row[-1]) for row in parts[3].table[1:]) == objects
    assert parts[4].text.startswith(f"Of {objects} objects")
    for name in ("precision_recall", "confusion_matrix", "misses", "test_images", "training_images", "anchors"):
        assert (tmp_path / f"{name}.png").stat().st_size > 1000


def test_the_sliding_baseline_is_measured_like_the_detector_and_repeats(built):
    task, data = built
    first = baselines(data, task)["sliding LeNet-5"]
    again = baselines(data, task)["sliding LeNet-5"]
    assert 0 <= first["map"] <= first["map_50"] <= 1
    assert first["map_50"] == again["map_50"]
    assert first["ms_per_image"] > 0


def test_a_detection_in_a_crowd_is_no_false_positive(built, tmp_path):
    box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    found = [Detections(box, torch.tensor([0.9]), torch.tensor([0]))]
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.long)}
    crowd = nothing | {"ignore": 2 * box, "ignore_labels": torch.tensor([0])}
    for target, false_positives in ((crowd, 0), (nothing, 1)):
        text = _mistakes(found, [target], ["a"], 0.5, built[1], tmp_path).text
        assert f"{false_positives} detections are false" in text


def test_the_windows_of_the_baseline_end_at_the_border():
    torch.manual_seed(0)
    windows = torch.nn.Conv2d(3, 3, 32, stride=4)
    found = slide(windows, torch.rand(1, 3, 64, 64), torch.tensor([[24.0, 24.0]]))
    assert len(found.boxes) > 3
    assert found.boxes.min() == 0
    assert found.boxes.max() <= 64
