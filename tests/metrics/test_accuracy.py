import torch
from torchmetrics.classification import MulticlassAccuracy

from zoo.metrics.accuracy import Accuracy


def test_it_equals_torchmetrics_over_batches_of_any_size():
    ours, theirs = Accuracy(), MulticlassAccuracy(7, average="micro")
    for size in (1, 5, 64, 3):
        answers, labels = torch.randint(7, (size,)), torch.randint(7, (size,))
        ours.update(answers, labels)
        theirs.update(answers, labels)
    assert torch.equal(ours.compute(), theirs.compute())


def test_it_forgets_when_it_is_reset():
    accuracy = Accuracy()
    accuracy.update(torch.tensor([1, 2]), torch.tensor([0, 0]))
    accuracy.reset()
    accuracy.update(torch.tensor([1]), torch.tensor([1]))
    assert accuracy.compute() == 1.0
