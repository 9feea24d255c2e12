import torch

from zoo.config.compose import compose, to_dict
from zoo.config.instantiate import instantiate
from zoo.losses.landmarks import LandmarkLoss
from zoo.tasks.landmarks import Landmarks
from zoo.tasks.landmarks.report import sections


def measured(points):
    """A task that found these points in the test split."""
    loss = LandmarkLoss(presence_weight=1.0, point_weight=1.0, classification_weight=1.0)
    task = Landmarks(network=torch.nn.Identity(), loss=loss, num_points=points.shape[1], num_classes=10)
    task.test_points.update(points)
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
    comparison, points, first, worst, seen = sections(task, datamodule, tmp_path, results)
    header, *rows = points.table
    assert header == ["point", "mean error", "median error", "below 0.1"]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert {row[3] for row in rows} == {"100.0%"}
    distances = [float(row[1]) for row in rows]
    assert max(distances) - min(distances) < 1e-6  # all points were moved by the same
    assert all(0.01 < distance < 0.1 for distance in distances)  # shares of the object, which is a part of the image
    for section in (comparison, first, worst, seen):
        assert all(path.stat().st_size > 1000 for path in section.figures)
        assert section.figures
