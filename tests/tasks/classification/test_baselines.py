import numpy as np
import pytest
import torch
from torch import nn

from zoo.data.base import DataModule
from zoo.data.images.base import TensorImages
from zoo.reports.pixels import MAX_TRAIN_IMAGES, pixels
from zoo.tasks.classification import Classification
from zoo.tasks.classification.baselines import baselines, fit_and_score
from zoo.tasks.classification.frozen_features import features


class Images(DataModule):
    def __init__(self, train, test):
        super().__init__(batch_size=8, num_workers=0, seed=0)
        self.parts = {"train": train, "test": test}

    def load(self):
        return self.parts


def task(classes: int) -> Classification:
    return Classification(network=nn.Identity(), loss=nn.CrossEntropyLoss(), num_classes=classes)


def stripes(count: int, brightness: int = 255) -> TensorImages:
    """Class 0 is bright on the left, class 1 on the right, class 2 nowhere; class 2 is half of all."""
    labels = torch.tensor([0, 1, 2, 2]).repeat(count // 4)
    images = torch.randint(0, 20, (len(labels), 1, 20, 20), dtype=torch.uint8)
    images[labels == 0, :, :, :10] = brightness
    images[labels == 1, :, :, 10:] = brightness
    return TensorImages(images, labels)


def test_simple_rules_solve_a_simple_task():
    scores = baselines(Images(stripes(80), stripes(40)), task(3))
    assert scores == {
        "majority class": {"accuracy": 0.5},
        "logistic regression": {"accuracy": 1.0},
        "random forest": {"accuracy": 1.0},
    }


def test_they_see_nothing_of_the_test_labels():
    shuffled = stripes(400)
    shuffled.labels = shuffled.labels[torch.randperm(400, generator=torch.Generator().manual_seed(0))]
    scores = baselines(Images(stripes(80), shuffled), task(3))
    assert all(values["accuracy"] <= 0.55 for values in scores.values())


def test_big_sets_are_sampled_with_the_seed():
    big = stripes(2 * MAX_TRAIN_IMAGES)
    first, second = (baselines(Images(big, stripes(40)), task(3)) for _ in range(2))
    assert first == second


def test_pixels_are_averaged_down_in_order():
    images = torch.zeros(3, 1, 32, 32, dtype=torch.uint8)
    images[1, :, ::2] = 255  # every second row: half bright after averaging
    rows, labels = pixels(TensorImages(images, torch.tensor([5, 6, 7])), np.array([0, 1, 2]))
    assert rows.shape == (3, 256)
    assert rows[1] == pytest.approx(0.5)
    assert rows[[0, 2]].max() == 0
    assert labels.tolist() == [5, 6, 7]


def test_small_images_are_taken_as_they_are():
    images = torch.arange(2 * 3 * 4 * 5, dtype=torch.uint8).view(2, 3, 4, 5)
    rows, _ = pixels(TensorImages(images, torch.tensor([0, 1])), np.array([1]))
    assert np.allclose(rows[0], np.arange(60, 120) / 255)


def test_a_class_that_the_sample_lacks_is_no_error():
    rows = np.eye(4, dtype=np.float32)
    scores = fit_and_score(rows[:2], np.array([0, 1]), rows, np.array([0, 1, 2, 3]), seed=0)
    assert all(0 <= values["accuracy"] <= 0.5 for values in scores.values())


def test_classes_of_one_sample_give_no_warnings():  # which are errors in tests
    rows, labels = np.eye(30, dtype=np.float32), np.arange(30)
    assert fit_and_score(rows, labels, rows, labels, seed=0)["random forest"]["accuracy"] > 0.5


class Sides(nn.Module):
    """Reads the brightness of the left and of the right half, whatever its head says of them."""

    def __init__(self) -> None:
        super().__init__()
        self.noise = nn.Dropout(0.9)  # features are read in eval mode
        self.head = nn.Linear(2, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        left, right = images.float().chunk(2, dim=-1)
        return self.head(self.noise(torch.stack([left.mean((1, 2, 3)), right.mean((1, 2, 3))], 1)))


def test_frozen_features_of_the_weights_that_training_started_from():
    model = task(3)
    model.pretrained_network = Sides
    scores = baselines(Images(stripes(80), stripes(40)), model)
    assert scores["logistic regression on frozen features"] == {"accuracy": 1.0}
    train = stripes(8)
    read, labels = features(Sides(), Images(train, stripes(8)), "train", np.array([1, 3]))
    assert read == pytest.approx(torch.stack([h[[1, 3]].float().mean((1, 2, 3)) for h in train.images.chunk(2, -1)], 1))
    assert labels.tolist() == train.labels[[1, 3]].tolist()
