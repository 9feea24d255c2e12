import pytest
import torch

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate
from zoo.losses.landmarks import LandmarkLoss
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.baselines import baselines
from zoo.tasks.landmarks.report import _label, sections


def measured(points):
    """A task that found these points in the test split."""
    loss = LandmarkLoss(presence_weight=1.0, point_weight=1.0, classification_weight=1.0)
    task = Landmarks(network=torch.nn.Identity(), loss=loss, num_points=points.shape[1], num_classes=10)
    values = [torch.ones(len(points), 1), points.flatten(1), torch.eye(10)[torch.zeros(len(points), dtype=torch.long)]]
    task.tested.update(torch.cat(values, 1))
    return task


def test_tables_and_images(tmp_path):
    config = to_dict(compose(["model=landmarks"]))["data"]
    small = {"train_scenes": 8, "val_scenes": 4, "test_scenes": 20, "num_workers": 0}
    datamodule = instantiate(config | small, "data")
    datamodule.setup()
    results = {
        "test": {"nme": 0.02},
        "baselines": {"mean shape": {"nme": 0.4}},
        "model": "landmarks",
        **dict.fromkeys(("parameters", "epochs", "seconds", "samples_per_second"), 1),
        **dict.fromkeys(("flops", "waiting_for_data", "memory_mb", "mfu"), None),
        "device": "cpu",
        "precision": "32-true",
    }
    test = datamodule.dataset("test")
    truth = test[torch.arange(len(test))][1]["points"]
    task = measured(truth + torch.tensor([0.01, 0.0]))  # a little to the right
    comparison, points, curve, examples, seen = sections(task, datamodule, tmp_path, results)
    header, *rows = points.table
    assert header == ["point", "mean error", "median error", "within 0.1", "visible"]
    assert [row[0] for row in rows] == ["top left", "top right", "bottom right", "bottom left"]
    assert {row[3] for row in rows} == {"100.0%"}
    distances = [float(row[1]) for row in rows]
    assert max(distances) - min(distances) < 1e-6  # all points were moved by the same
    assert all(0.01 < distance < 0.1 for distance in distances)  # shares of the object, which is a part of the image
    assert [path.stem for path in examples.figures] == ["best", "median", "worst"]
    assert examples.text.endswith("and the mean error · the predicted class above each image.")
    assert _label(task.test_outputs(), {"labels": torch.tensor([0, 3])}, 1, "abcd") == " · a, not d"
    for section in (comparison, curve, examples, seen):
        assert all(path.stat().st_size > 1000 for path in section.figures)
        assert section.figures


def test_baselines_by_hand():
    config = to_dict(compose(["model=landmarks"]))["data"]
    data = instantiate(config | {"train_scenes": 60, "val_scenes": 4, "test_scenes": 20, "num_workers": 0}, "data")
    data.setup()
    found = baselines(data, measured(torch.zeros(1, 4, 2)))
    assert list(found) == ["mean shape", "ridge regression", "nearest image"]
    _, target = data.dataset("train")[torch.arange(60)]
    _, truth = data.dataset("test")[torch.arange(20)]
    mean = target["points"][target["present"]].mean(0)
    distances = (truth["points"] - mean).norm(dim=2) / truth["size"][:, None]
    expected = float(distances[truth["present"]].mean())
    assert found["mean shape"]["nme"] == pytest.approx(expected, rel=1e-4)
