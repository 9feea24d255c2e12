import pytest
import torch
from torch.nn import functional as F

from zoo.baselines.embedding import baselines
from zoo.build import create_model
from zoo.data.digits_identities import DigitsIdentities
from zoo.metrics.embedding import embedding_figures
from zoo.reports.embedding import sections


@pytest.mark.parametrize("threshold", [0.4, float("-inf")])
def test_every_part_is_there(tmp_path, threshold, monkeypatch):
    monkeypatch.setattr("zoo.reports.embedding._POINTS", 40)
    monkeypatch.setattr("zoo.metrics.embedding.PAIR_LIMIT", 2000)
    monkeypatch.setattr("zoo.metrics.embedding.RECOGNITION_LIMIT", 60)
    data = DigitsIdentities(
        image_size=8,
        val=[5, 6],
        test=[7, 8, 9],
        batch_size=8,
        images_per_identity=2,
        steps_per_epoch=1,
        num_workers=0,
        seed=0,
        turns=1,
        augmentation=None,
    )
    task = create_model("siamese")
    task.card = data.card()
    task.threshold.fill_(threshold)
    torch.manual_seed(0)
    identities = data.split("test").labels
    vectors = F.normalize(torch.randn(10, 8)[identities] + 0.5 * torch.randn(len(identities), 8), dim=1)
    task.vectors.update(vectors)
    task.identities.update(identities)
    test = embedding_figures(vectors, identities, task.distances_on_cpu, None)
    found = sections(task, data, tmp_path, {"test": test, "baselines": baselines(data, task)})
    titles = ["Beside simple rules", "ROC", "Distances", "Hardest pairs", "Embedding", "Data"]
    assert [section.title for section in found] == titles
    pictures = [path.name for section in found for path in section.figures]
    assert pictures == ["roc.png", "distances.png", "hardest_pairs.png", "embedding.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in pictures)
    table = {row[0]: row for row in found[0].table}
    assert table["figure"] == ["figure", "model", "95 % interval", "eigenfaces", "pixels"]
    low, high = (float(end) for end in table["auc"][2].split(" – "))
    assert low < test["auc"] < high
    assert "train: " in found[-1].text
