import pytest
import torch
from sklearn.decomposition import PCA
from torch.nn import functional as F

from zoo.data.images.digits import Digits
from zoo.run.create import create_model
from zoo.tasks.embedding.baselines import baselines
from zoo.tasks.embedding.metrics import embedding_metrics
from zoo.tasks.embedding.report import _map, sections


def embedded(module, noise, count=None):
    """A task that has measured `count` test images, around one direction for each digit; all equal without noise."""
    task = create_model("siamese")
    task.card = module.card()
    torch.manual_seed(0)
    identities = module.dataset("test").labels[:count]
    directions = torch.randn(10, 8)[identities] if noise else torch.ones(len(identities), 8)
    vectors = F.normalize(directions + noise * torch.randn(len(identities), 8), dim=1)
    task.vectors.update(vectors)
    task.identities.update(identities)
    return task


def report(task, module, folder):
    """The sections, and the test figures."""
    vectors, identities = task.test_outputs()
    test = embedding_metrics(vectors, identities, task.distances_on_cpu, None)
    return sections(task, module, folder, {"test": test, "baselines": baselines(module, task)}), test


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr("zoo.tasks.embedding.report._POINTS", 40)
    monkeypatch.setattr("zoo.tasks.embedding.metrics.PAIR_LIMIT", 2000)
    monkeypatch.setattr("zoo.tasks.embedding.metrics.RECOGNITION_LIMIT", 60)


@pytest.mark.parametrize("threshold", [0.4, float("-inf")])
def test_every_part_is_there(data, tmp_path, threshold):
    task = embedded(data, noise=0.5)
    task.threshold.fill_(threshold)
    found, test = report(task, data, tmp_path)
    titles = ["Comparison with baselines", "ROC", "Distances", "Hardest pairs", "Embedding", "Data"]
    assert [section.title for section in found] == titles
    figures = [path.name for section in found for path in section.figures]
    assert figures == ["roc.png", "distances.png", "hardest_pairs.png", "embedding.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in figures)
    table = {row[0]: row for row in found[0].table}
    assert table["metric"] == ["metric", "this model", "95 % interval", "eigenfaces", "pixels", "what it is"]
    low, high = (float(end) for end in table["auc"][2].split(" – "))
    assert low < test["auc"] < high
    assert "train: " in found[-1].text


def test_eigenfaces_are_computed_once_for_the_figures_and_the_report(new_data, tmp_path, monkeypatch):
    fitted, fit = [], PCA.fit
    monkeypatch.setattr(PCA, "fit", lambda self, x: fitted.append(len(x)) or fit(self, x))
    for _ in range(2):  # other data have their own
        module = new_data()
        report(embedded(module, noise=0.5), module, tmp_path)
    assert fitted == [len(module.dataset("train"))] * 2


def test_a_collapsed_embedding_has_no_map(data, tmp_path):
    found, _ = report(embedded(data, noise=0), data, tmp_path)
    assert found[4].text == "No map: the embedding has collapsed to one point."


@pytest.mark.parametrize("count", [3, 5, 64])
def test_limited_test_batches_are_reported(data, tmp_path, count):
    found, test = report(embedded(data, 0.5, count), data, tmp_path)
    assert ("auc" in test) == (count > 3)  # the first round holds one image of each identity
    assert len(found) == 6


def digits():
    return Digits(image_size=8, channels=1, batch_size=8, num_workers=0, seed=0, augmentation=None)


@pytest.mark.parametrize(
    ("new", "text"),
    [(True, "of identities not used in training."), (False, "in new images of the training identities.")],
)
def test_the_report_says_whether_the_identities_are_new(data, tmp_path, new, text):
    module = data if new else digits()
    found, _ = report(embedded(module, 0.5), module, tmp_path)
    assert text in found[0].text


def test_the_map_holds_several_images_of_an_identity(tmp_path, monkeypatch):
    shown = []
    monkeypatch.setattr("zoo.tasks.embedding.report.TSNE.fit_transform", lambda _, x: shown.append(x) or x[:, :2])
    identities = torch.arange(60).repeat(10)  # in rounds
    _map(F.one_hot(identities).float(), identities, tmp_path)
    assert shown[0].sum(axis=0).tolist().count(10) == 4
    assert shown[0].sum() == 40


@pytest.mark.parametrize(("count", "reported"), [(150, True), (250, False)])
def test_too_few_unknown_people_are_reported(data, tmp_path, count, reported):
    found, _ = report(embedded(data, 0.5, count), data, tmp_path)
    assert ("fewer than 100 images show people not enrolled" in found[0].text) == reported
