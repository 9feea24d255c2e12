from typing import NamedTuple

import numpy as np
import pytest
import torch
from sklearn import metrics as sk
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy
from zoo.tasks.classification import Classification


class Heads(NamedTuple):
    logits: Tensor
    auxiliary: list[Tensor]


class WithHeads(nn.Module):
    def forward(self, images: Tensor) -> Heads:
        logits = images.flatten(1)
        return Heads(logits, [logits * 2, logits * 3])


def build(classes: int = 8, network: nn.Module | None = None, **changes) -> Classification:
    return Classification(network=network or nn.Flatten(), loss=CrossEntropy(), num_classes=classes, **changes)


@pytest.fixture
def batches():
    """Images whose pixels are the logits, with ten of each class or more."""
    torch.manual_seed(0)
    labels = torch.arange(200) % 8
    images = torch.randn(200, 1, 2, 4)
    images.view(200, 8)[torch.arange(200), labels] += 1.0
    return list(zip(images.split(64), labels.split(64), strict=True))


def concatenated(batches) -> tuple[Tensor, np.ndarray]:
    images, labels = (torch.cat(parts) for parts in zip(*batches, strict=True))
    return images.flatten(1), labels.numpy()


@pytest.mark.parametrize("stage", ["val", "test"])
def test_metrics_are_scikit_learns(batches, stage):
    task = build()
    losses = [task.step(batch, stage) for batch in batches]
    logits, labels = concatenated(batches)
    values = {name: task.metrics[stage][name].compute().item() for name in task.metric_names}
    assert values.keys() == {"accuracy", "top5", "f1", "ece"}
    predicted = logits.argmax(1).numpy()
    assert values["accuracy"] == pytest.approx(sk.accuracy_score(labels, predicted))
    assert values["top5"] == pytest.approx(sk.top_k_accuracy_score(labels, logits.numpy(), k=5))
    assert values["f1"] == pytest.approx(sk.f1_score(labels, predicted, average="macro"))
    assert losses[0].item() == pytest.approx(
        F.cross_entropy(*(torch.as_tensor(x)[:64] for x in (logits, labels))).item()
    )


def test_metrics_forget_between_epochs(batches):
    task = build()
    task.step(batches[0], "val")
    first = task.val_metrics["accuracy"].compute()
    task.val_metrics.reset()
    task.step(batches[1], "val")
    task.val_metrics.reset()
    task.step(batches[0], "val")
    assert torch.equal(task.val_metrics["accuracy"].compute(), first)


def test_few_classes_have_no_top5(batches):
    assert "top5" not in build(5).metric_names
    assert "top5" in build(6).metric_names


def test_test_outputs_are_the_probabilities_in_order(batches):
    task = build()
    for batch in batches:
        task.step(batch, "test")
    logits, labels = concatenated(batches)
    outputs = task.test_outputs()
    assert torch.allclose(outputs.probabilities, logits.softmax(1))
    assert np.array_equal(outputs.labels.numpy(), labels)
    task.on_test_start()
    task.step(batches[0], "test")
    assert len(task.test_outputs().labels) == 64


def test_auxiliary_heads_count_in_training_only(batches):
    task = build(network=WithHeads(), auxiliary_weight=0.3)
    images, labels = batches[0]
    logits = images.flatten(1)
    main = F.cross_entropy(logits, labels)
    heads = F.cross_entropy(2 * logits, labels) + F.cross_entropy(3 * logits, labels)
    assert torch.allclose(task.step(batches[0], "train"), main + 0.3 * heads)
    assert torch.allclose(task.step(batches[0], "val"), main)
    assert torch.equal(task(images), logits)


def test_mixed_labels_are_learned_from(batches):
    images, labels = batches[0]
    task = build()
    soft = F.one_hot(labels, 8).float()
    assert torch.allclose(task.step((images, soft), "train"), task.step((images, labels), "train"))
    accuracy = task.train_metrics["accuracy"].compute().item()
    assert accuracy == pytest.approx(sk.accuracy_score(labels, images.flatten(1).argmax(1)))


def test_predictions_are_probabilities_of_images_or_batches(batches):
    task = build()
    images, _ = batches[0]
    assert torch.allclose(task.predict_step(images).sum(1), torch.ones(64))
    assert torch.equal(task.predict_step(batches[0]), task.predict_step(images))


def test_volumes_are_classified_too():
    volumes = torch.randn(3, 1, 2, 2, 2)
    assert build().step((volumes, torch.tensor([0, 1, 2])), "val").ndim == 0


def test_one_class_is_refused():
    with pytest.raises(ZooError, match=r"`num_classes` \(=1\) must be at least 2"):
        build(1)
