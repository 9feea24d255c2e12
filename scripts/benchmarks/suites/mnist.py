"""The MNIST recipe; peer: the same recipe written by hand."""

from collections.abc import Iterator
from functools import cache, partial
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.beside import InTurns, build_run, train_in_turns
from benchmarks.cases import Case
from benchmarks.clock import Spent
from benchmarks.plain_loop import PlainLoop
from benchmarks.settings import Settings
from benchmarks.timing import Measured, paired
from zoo.config.compose import compose, to_dict
from zoo.networks.lenet import LeNet5
from zoo.run.build import build_data

RECIPE = "experiment=mnist"
SECONDS, LEAST_ACCURACY = 35.0, 0.99


def cases(settings: Settings) -> Iterator[Case]:
    """Training, validation and checkpoints, without imports and report."""
    measure = cache(partial(_compare, settings))  # both rows report the same training
    files = settings.data_root / "MNIST" / "raw"
    absent = "" if files.is_dir() else f"`{files}` does not exist: --data-root names another folder"
    what, peer = f"LeNet-5 on MNIST, {RECIPE}", "the same recipe in a plain loop"
    yield Case(name=f"{what}: beside", peer=peer, measure=measure, limit=1.10, absent=absent)
    yield Case(
        name=f"{what}: time",
        peer=peer,
        measure=measure,
        limit=1e3 * SECONDS,
        limit_on="ms",
        absent=absent,
    )


def _compare(settings: Settings) -> Measured:
    epochs = 1 if settings.quick else 4
    words = [RECIPE, f"data.root={settings.data_root}", "data.download=false"]
    data: Any = build_data(to_dict(compose(words))["data"])
    run = build_run(words, data, settings)
    each = 5 if settings.quick else len(data.train_dataloader())
    loop = _ByHand(run.config, data, settings, each, epochs)
    turns = train_in_turns(run, loop, settings, steps=each, epochs=epochs, validate=True)
    accuracy = _accuracy(run.task.network, data, "test", settings)
    theirs = _accuracy(loop.loop.network, data, "test", settings)
    if accuracy < LEAST_ACCURACY and not settings.quick:
        raise AssertionError(f"{accuracy:.4f} on the test images is less than {LEAST_ACCURACY}")
    return _totals(turns, f"{accuracy:.4f} on the test images, by hand {theirs:.4f}")


def _totals(turns: InTurns, note: str) -> Measured:
    """Sums the times over the training; keeps the quartiles of single steps."""
    steps = paired(turns.spent_by_us, turns.spent_by_them, "cpu", note=note)
    ours, theirs = (
        Spent(sum(spent.cpu for spent in side), sum(spent.wall for spent in side))
        for side in (turns.spent_by_us, turns.spent_by_them)
    )
    total = paired([ours], [theirs], "cpu")
    return steps._replace(ours=total.ours, theirs=total.theirs, ratio=total.ratio)


class _ByHand:
    """Runs a step of the recipe, and after the last step of an epoch the validation."""

    def __init__(self, config: dict[str, Any], data: Any, settings: Settings, each: int, epochs: int) -> None:
        self.data = data
        self.settings = settings
        self.each = each
        self.done = 0
        torch.manual_seed(0)
        network = LeNet5(activation="relu", pooling="max")
        self.loop = PlainLoop(network, data, config, settings.device, steps=each * epochs, padding=data.padding)

    def __call__(self) -> None:
        self.loop()
        self.done += 1
        if self.done % self.each == 0:
            self.loop.network.eval()
            _accuracy(self.loop.network, self.data, "val", self.settings)
            self.loop.network.train()


@torch.no_grad()
def _accuracy(network: torch.nn.Module, data: Any, split: str, settings: Settings) -> float:
    correct: list[Tensor] = []
    network.eval()
    for batch in data.loader(split):
        images, labels = data.normalize((batch[0].to(settings.device), batch[1].to(settings.device)))
        logits = network(images)
        F.cross_entropy(logits, labels)
        correct.append(logits.argmax(1) == labels)
    return torch.cat(correct).float().mean().item()
