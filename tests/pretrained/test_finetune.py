"""Fine-tuning strategies: trainable layers, epochs and learning rates."""

from functools import partial
from typing import Any

import pytest
import torch
from pytorch_lightning import Trainer
from torch import nn
from torch.utils.data import DataLoader

from zoo.errors import ZooError
from zoo.losses.cross_entropy import CrossEntropy
from zoo.networks.efficientnet_lite import EfficientNetLite
from zoo.networks.googlenet import GoogLeNet
from zoo.networks.lenet import LeNet5
from zoo.networks.resnet import ResNet
from zoo.networks.vgg import VGG
from zoo.pretrained.finetune import (
    Full,
    Gradual,
    Head,
    KeepFrozenInEval,
    apply_finetuning,
    frozen_stages,
    layer_groups,
    stages_and_head,
)
from zoo.tasks.classification import Classification


def task_of(network: nn.Module) -> Classification:
    task = Classification(network=network, loss=CrossEntropy(), num_classes=3)
    task.optimizer_factory = partial(torch.optim.SGD, lr=0.1, momentum=0.9, weight_decay=0.01)
    return task


def resnet() -> ResNet:
    return ResNet(layers=(1, 1, 1, 1), block="basic", num_classes=3)


def fit(task: Classification, callbacks: list[Any], epochs: int, size: int = 32) -> None:
    batches = [(torch.randn(4, 3, size, size), torch.tensor([0, 1, 2, 0])) for _ in range(2)]
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=epochs,
        callbacks=callbacks,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    train, val = (DataLoader(batches, batch_size=None, collate_fn=lambda batch: batch) for _ in range(2))
    trainer.fit(task, train, val)


quiet = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*isinstance.treespec")


@quiet
@pytest.mark.parametrize(
    ("build", "size"),
    [
        (resnet, 32),
        (lambda: GoogLeNet(num_classes=3), 32),
        (lambda: EfficientNetLite(num_classes=3), 32),
        (lambda: LeNet5(num_classes=3, in_channels=3), 32),
        pytest.param(lambda: VGG(depths=(1, 1, 1, 1, 1), batch_norm=True, num_classes=3), 32, marks=pytest.mark.slow),
    ],
    ids=["resnet", "googlenet", "efficientnet_lite", "lenet", "vgg"],
)
def test_head_moves_nothing_else_not_by_one_bit(build: Any, size: int) -> None:
    torch.manual_seed(0)
    task = task_of(build())
    heads = getattr(task.network, "heads", ("classifier.5",))
    before = {key: value.clone() for key, value in task.network.state_dict().items()}
    fit(task, Head().apply(task), epochs=2, size=size)
    for key, value in task.network.state_dict().items():
        moved = not torch.equal(value, before[key])
        assert moved == (key.rpartition(".")[0] in heads), key


@quiet
def test_gradual_unfreezes_from_the_head_down() -> None:
    torch.manual_seed(0)
    task = task_of(resnet())
    seen = []

    class Watch(KeepFrozenInEval):
        def on_train_batch_start(self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int) -> None:
            stages = task.network.stages()  # type: ignore[operator]
            trains = [any(p.requires_grad for m in stages[s].values() for p in m.parameters()) for s in stages]
            evals = [not m.training for s in stages.values() for m in s.values()]
            seen.append((trains, evals))

        def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
            pass

    before = {key: value.clone() for key, value in task.network.state_dict().items()}
    fit(task, [*Gradual(unfrozen_at=1.0, layer_decay=1.0).apply(task), Watch(0)], epochs=3)
    assert [sum(trains) for trains, _ in seen[::2]] == [0, 1, 3]
    assert seen[2][0] == [False, False, False, False, True]
    assert seen[0][1] == [True] * 8  # four of the stem, four blocks
    moved = {k.split(".")[0] for k, v in task.network.state_dict().items() if not torch.equal(v, before[k])}
    assert moved == {"layer2", "layer3", "layer4", "fc"}


@pytest.mark.parametrize(("epochs", "never"), [(1, 5), (2, 0), (3, 0)])
@quiet
def test_gradual_warns_of_stages_that_are_never_unfrozen(epochs: int, never: int, capsys: Any) -> None:
    task = task_of(resnet())
    fit(task, Gradual(unfrozen_at=0.5, layer_decay=1.0).apply(task), epochs=epochs)
    warned = f"leaves {never} of 5 stages frozen to the end of trainer.max_epochs={epochs}" in capsys.readouterr().err
    assert warned == bool(never)


@pytest.mark.parametrize("decay", [0.5, 1.0])
def test_each_stage_has_the_rate_of_the_formula(decay: float) -> None:
    task = task_of(resnet())
    Full(layer_decay=decay).apply(task)
    groups = task.parameter_groups(task)
    rate = {id(p): group["lr"] for group in groups for p in group["params"]}
    assert set(rate) == {id(p) for p in task.parameters()}
    places = {"fc": 0, "layer4": 1, "layer3": 2, "layer2": 3, "layer1": 4, "conv1": 5, "bn1": 5}
    for name, parameter in task.network.named_parameters():
        assert rate[id(parameter)] == pytest.approx(0.1 * decay ** places[name.split(".")[0]]), name
    for group in groups:
        assert all(p.ndim <= 1 for p in group["params"]) == (group.get("weight_decay") == 0.0)
    optimizer = task.optimizer_factory(groups)  # type: ignore[misc]
    assert {id(p) for group in optimizer.param_groups for p in group["params"]} == set(rate)


def test_a_network_without_stages_has_a_rate_for_each_layer() -> None:
    task = task_of(LeNet5(num_classes=3))
    rates = [group["lr"] for group in layer_groups(task, layer_decay=0.5) if "weight_decay" not in group]
    assert rates == pytest.approx([0.1 * 0.5**k for k in range(5)])
    assert len(stages_and_head(task.network)[0]) == 4


def test_schedule_of_unfreezing() -> None:
    assert [frozen_stages(e, 4, 4, 1.0) for e in range(4)] == [4, 3, 2, 1]
    assert [frozen_stages(e, 3, 5, 0.1) for e in range(3)] == [5, 0, 0]


@pytest.mark.parametrize("name", ["Head", "Full"])
def test_without_pretrained_weights_nothing_is_fine_tuned_unless_asked_for(name: str) -> None:
    config = {"_target_": f"zoo.pretrained.finetune.{name}"} | ({"layer_decay": 0.5} if name == "Full" else {})
    with pytest.raises(ZooError, match=f"^finetune={name.lower()} starts from pretrained weights, and nothing is"):
        apply_finetuning(config, task_of(resnet()), pretrained=False)
    apply_finetuning(config, task_of(resnet()), pretrained=True)
    apply_finetuning(config | {"from_scratch": True}, task_of(resnet()), pretrained=False)
    assert apply_finetuning(None, task_of(resnet()), pretrained=False) == []
    assert apply_finetuning({}, task_of(resnet()), pretrained=False) == []  # finetune=none


def test_bad_values() -> None:
    with pytest.raises(ZooError, match=r"`finetune.layer_decay` \(=1.5\) must be above 0 and at most 1"):
        Full(layer_decay=1.5)
    with pytest.raises(ZooError, match=r"`finetune.unfrozen_at` \(=0.0\) must be above 0"):
        Gradual(unfrozen_at=0.0, layer_decay=1.0)
    task = task_of(resnet())
    task.optimizer_factory = torch.optim.Adam
    with pytest.raises(ZooError, match=r"give optimizer.lr"):
        layer_groups(task, layer_decay=0.5)
