import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torch import nn
from torchmetrics.functional.classification import multiclass_calibration_error

from zoo.data.base import DataModule
from zoo.data.images.base import TensorImages
from zoo.reports.comparison import comparison
from zoo.reports.metric_names import MEANINGS
from zoo.tasks.classification import Classification
from zoo.tasks.classification.inputs import inputs_of
from zoo.tasks.classification.inputs.images import as_bytes
from zoo.tasks.classification.metrics import (
    calibration,
    class_scores,
    confident_mistakes,
    confused_pairs,
    confusion_matrix,
)
from zoo.tasks.classification.report import mistakes_section, sections

RNG = np.random.default_rng(0)
PROBABILITIES = RNG.dirichlet(np.full(6, 0.4), 300).astype(np.float32)
LABELS = np.where(RNG.random(300) < 0.7, PROBABILITIES.argmax(1), RNG.integers(0, 6, 300))
RESULTS = {
    "parameters": 1234,
    "epochs": 3,
    "seconds": 12.3,
    "device": "CPU",
    "precision": "32-true",
    "samples_per_second": 5678.0,
    "test": {"accuracy": 0.75, "ece": 0.1, "loss": 1.0},
    "baselines": {},
}
PREDICTED = PROBABILITIES.argmax(1)


def test_confusion_matrix_is_scikit_learns():
    assert np.array_equal(confusion_matrix(PROBABILITIES, LABELS), sk.confusion_matrix(LABELS, PREDICTED))


def test_class_scores_are_scikit_learns():
    scores = class_scores(confusion_matrix(PROBABILITIES, LABELS))
    for ours, theirs in zip(scores, sk.precision_recall_fscore_support(LABELS, PREDICTED), strict=True):
        assert np.allclose(ours, theirs)


def test_a_class_that_is_never_there_has_no_scores():
    scores = class_scores(np.array([[3, 0, 0], [1, 2, 0], [0, 0, 0]]))
    assert np.isnan([scores.precision[2], scores.recall[2], scores.f1[2]]).all()
    assert scores.support.tolist() == [3, 3, 0]


@pytest.mark.parametrize("bins", [1, 7, 15])
def test_expected_calibration_error_is_torchmetrics(bins):
    theirs = multiclass_calibration_error(
        torch.from_numpy(PROBABILITIES), torch.from_numpy(LABELS), num_classes=6, n_bins=bins
    )
    assert calibration(PROBABILITIES, LABELS, bins).expected_error() == pytest.approx(theirs.item(), abs=1e-6)


def test_calibration_counts_certainty():
    certain = calibration(np.eye(2)[[0, 1, 1]], np.array([0, 1, 0]))
    assert certain.images[-1] == 3
    assert certain.accuracy[-1] == pytest.approx(2 / 3)
    assert certain.expected_error() == pytest.approx(1 / 3)


def test_mistakes_come_worst_first():
    probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.01, 0.99]])
    assert confident_mistakes(probabilities, np.array([1, 1, 0, 1]), 12).tolist() == [0, 2, 1]
    assert confident_mistakes(probabilities, np.array([1, 1, 0, 1]), 1).tolist() == [0]


def test_confused_pairs_come_most_frequent_first():
    matrix = np.array([[9, 1, 0], [4, 9, 2], [0, 0, 9]])
    assert confused_pairs(matrix, 2) == [(1, 0, 4), (1, 2, 2)]
    assert confused_pairs(matrix, 9) == [(1, 0, 4), (1, 2, 2), (0, 1, 1)]


class Images(DataModule):
    def load(self):
        pixels = torch.randint(0, 256, (300, 3, 8, 8), dtype=torch.uint8)
        return {"test": TensorImages(pixels, torch.from_numpy(LABELS))}


@pytest.fixture
def measured():
    task = Classification(network=nn.Identity(), loss=nn.CrossEntropyLoss(), num_classes=6)
    task.card = {"class_names": ["a", "b", "c$ & $d", "e", "f", "g"]}
    task.test_probabilities.update(torch.from_numpy(PROBABILITIES))
    task.test_labels.update(torch.from_numpy(LABELS))
    return task, Images(batch_size=8, num_workers=0, seed=0)


def test_report_has_every_part(measured, tmp_path):
    results = RESULTS | {"baselines": {"majority class": {"accuracy": 0.2}}}
    parts = {part.title: part for part in sections(*measured, tmp_path, results)}
    assert list(parts) == ["Result", "Confusion matrix", "Classes", "Calibration", "Most confident mistakes"]
    drawn = [figure.name for part in parts.values() for figure in part.figures]
    assert drawn == ["baselines.png", "confusion_matrix.png", "calibration.png", "mistakes.png"]
    assert all((tmp_path / name).stat().st_size > 5000 for name in drawn)
    assert parts["Result"].table == [
        ["metric", "this model", "majority class", "what it is"],
        ["accuracy", "0.7500", "0.2000", MEANINGS["accuracy"]],
        ["ece", "0.1000", "–", MEANINGS["ece"]],
    ]
    assert "1,234 parameters · 3 epochs in 12 s · CPU (32-true) · 5,678 samples/s" in parts["Result"].text
    support = [int(row[4]) for row in parts["Classes"].table[1:]]
    assert support == np.bincount(LABELS).tolist()


def test_many_baselines_have_a_row_each(tmp_path):
    baselines = {f"rival {number}": {"accuracy": number / 10} for number in range(7)}
    section = comparison(RESULTS | {"baselines": baselines}, "accuracy", tmp_path)
    assert section.table[:3] == [
        ["model", "accuracy", "ece"],
        ["this model", "0.7500", "0.1000"],
        ["rival 0", "0.0000", "–"],
    ]
    assert len(section.table) == 9
    assert f"accuracy: {MEANINGS['accuracy']}; ece: {MEANINGS['ece']}." in section.text


def test_a_report_without_baselines_draws_no_bars(measured, tmp_path):
    part = sections(*measured, tmp_path, RESULTS)[0]
    assert part.figures == []


def test_no_mistake_is_said_in_words(tmp_path):
    part = mistakes_section(PROBABILITIES, PREDICTED, list("abcdef"), None, inputs_of({}), tmp_path)
    assert part.text == "All test images are classified correctly."
    assert part.figures == []


def test_volumes_and_floats_can_be_looked_at(tmp_path):
    pixels, labels = torch.rand(300, 1, 4, 8, 8), torch.from_numpy(LABELS)
    volumes = type("Volumes", (), {"__getitem__": lambda self, indices: (pixels[indices], labels[indices])})()
    inputs = inputs_of({"inputs": "volumes"})
    part = mistakes_section(PROBABILITIES, LABELS, list("abcdef"), volumes, inputs, tmp_path)
    assert part.figures[0].is_file()
    assert "Empty" not in part.text
    worst = confident_mistakes(PROBABILITIES, LABELS, 1).item()
    pixels[worst] = 0.5
    part = mistakes_section(PROBABILITIES, LABELS, list("abcdef"), volumes, inputs, tmp_path)
    assert f"Empty, with one value in all voxels, so that nothing is drawn: test sample {worst}. Some" in part.text
    assert as_bytes(torch.tensor([-1.0, 0.0, 1.0])).tolist() == [0, 127, 255]
