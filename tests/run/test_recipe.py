"""What a resumed run may change."""

from pathlib import Path
from typing import Any

import pytest

from zoo.errors import ZooError
from zoo.run.recipe import changes, recipe_of

RUN: dict[str, Any] = {
    "optimizer": {"_target_": "torch.optim.adamw.AdamW", "lr": 0.005, "weight_decay": 0.02, "betas": [0.9, 0.99]},
    "scheduler": {"_target_": "zoo.optim.OneCycle", "warmup": 0.3},
    "trainer": {"max_epochs": 30},
    "callbacks": {"ema": {"decay": 0.99}},
    "pretrained": None,
    "finetune": None,
    "baselines": True,
}


def changed(key: str, value: Any) -> dict[str, Any]:
    """The recipe of the run with another value."""
    group, _, name = key.partition(".")
    return recipe_of(RUN | {group: RUN[group] | {name: value} if name else value})


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("optimizer.lr", 1e-7, ["optimizer.lr 0.005 → 1e-07"]),
        ("optimizer.weight_decay", 0.1, ["optimizer.weight_decay 0.02 → 0.1"]),
        ("optimizer.betas", [0.8, 0.9], ["optimizer.betas [0.9, 0.99] → [0.8, 0.9]"]),
        ("trainer.max_epochs", 7, ["trainer.max_epochs 30 → 7"]),
        ("trainer.limit_train_batches", 3, ["trainer.limit_train_batches null → 3"]),
        ("scheduler.warmup", 0.1, ["scheduler.warmup 0.3 → 0.1"]),
        ("finetune", {}, []),
        ("baselines", False, []),
    ],
)
def test_a_number_may_change_and_is_named(key: str, value: Any, said: list[str]):
    assert [str(change) for change in changes(Path("a.ckpt"), recipe_of(RUN), changed(key, value))] == said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("optimizer._target_", "torch.optim.sgd.SGD"),
        ("optimizer.weight_decay", 0),  # merges the groups of parameters
        ("optimizer.amsgrad", True),  # needs a state that the checkpoint lacks
        ("scheduler._target_", "zoo.optim.Plateau"),
        ("finetune", {"_target_": "zoo.pretrained.finetune.Head"}),
        ("pretrained", "other.pth"),
        ("callbacks.ema", {"decay": 0.9}),
    ],
)
def test_what_the_state_does_not_allow_is_refused(key: str, value: Any):
    with pytest.raises(
        ZooError, match=rf"^resume=a.ckpt: its `{key}\S*` is .+, here it is .+, and a resumed run keeps"
    ):
        changes(Path("a.ckpt"), recipe_of(RUN), changed(key, value))
