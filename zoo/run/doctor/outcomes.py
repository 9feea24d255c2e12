"""Findings in the losses and the outputs of an epoch; each function returns one, or None."""

from math import isfinite

from zoo.run.doctor.facts import Facts, Finding

_NEAR_CHANCE = 0.97
_ONE_CLASS = 0.99
_MOSTLY = 0.95
_LEAST_SAMPLES = 20
_LEAK = 0.8
_LEAK_EPOCHS = 4
_FAR_BELOW = 3.0
_RISEN = 1.5


def not_finite(facts: Facts) -> Finding | None:
    """The validation loss is infinite or no number, and the training loss is finite."""
    last = facts.history[-1] if facts.history else {}
    if isfinite(value := last.get("val/loss", 0.0)) or not isfinite(last.get("train/loss", 0.0)):
        return None
    return Finding(
        "validation loss",
        f"the validation loss is {value}, and the training loss is finite",
        "look for inputs or targets of the validation split that are not finite, and for an overflow of half precision "
        "(trainer.precision=32-true)",
    )


def stuck(facts: Facts) -> Finding | None:
    """The validation loss has not fallen below that of a model that reads no input."""
    if facts.chance is None:
        return None
    chance = facts.chance
    late = facts.settled or facts.steps >= chance.steps
    values = facts.losses(chance.metric)
    if not values or not late or min(values) <= _NEAR_CHANCE * chance.value:
        return None
    text = f"after {facts.steps} steps {chance.metric} ({values[-1]:.3g}) has not fallen below {chance.name}"
    return Finding("no learning", f"{text} ({chance.value:.3g}), that of a model that reads no input", chance.advice)


def one_class(facts: Facts) -> Finding | None:
    """All validation samples are predicted as one class, and their labels are not."""
    counts = facts.classes
    if counts is None or not (facts.settled or (facts.chance is not None and facts.steps >= facts.chance.steps)):
        return None
    total = sum(counts.predicted)
    most = max(range(len(counts.predicted)), key=lambda index: counts.predicted[index])
    predicted, labeled = counts.predicted[most] / max(total, 1), counts.labels[most] / max(sum(counts.labels), 1)
    if total < _LEAST_SAMPLES or predicted < _ONE_CLASS or labeled > _MOSTLY:
        return None
    return Finding(
        "one class",
        f"{predicted:.0%} of the validation samples are predicted as {counts.names[most]}, and {labeled:.0%} are of it",
        "lower optimizer.lr, check that the inputs differ, and give rare classes a weight (model.loss.class_weights)",
    )


def collapsed(facts: Facts) -> Finding | None:
    """All embeddings lie at one point."""
    if not facts.collapse:
        return None
    return Finding("collapse", f"the embedding has collapsed: {'; '.join(facts.collapse)}", facts.collapse_advice)


def validation_better(facts: Facts) -> Finding | None:
    """The validation loss lies below the training loss of the following epoch, in all epochs from the first on.

    The weights of that epoch are better ones, so a plain training loss would lie below.
    """
    train, val = facts.losses("train/loss"), facts.losses("val/loss")
    if facts.harder or len(val) < _LEAK_EPOCHS or len(train) != len(val):
        return None
    if any(now <= 0 or before >= _LEAK * now for before, now in zip(val, train[1:], strict=False)):
        return None
    return Finding(
        "leak?",
        f"the validation loss ({val[-1]:.3g}) is below the training loss ({train[-1]:.3g}) since the first epoch, "
        "without dropout or augmentation",
        "look for training samples or their near copies in the validation split, for inputs that hold the answer, and "
        "for wrong training labels",
    )


def overfits(facts: Facts) -> Finding | None:
    """The training loss lies far below the validation loss, which has risen from its best."""
    train, val = facts.losses("train/loss"), facts.losses("val/loss")
    if not train or not val or min(val) <= 0 or val[-1] < _RISEN * min(val):
        return None
    if _FAR_BELOW * train[-1] >= val[-1]:
        return None
    best = val.index(min(val)) + 1
    return Finding(
        "overfitting",
        f"the training loss ({train[-1]:.3g}) is far below the validation loss ({val[-1]:.3g}), which was "
        f"{min(val):.3g} in epoch {best}",
        "stop earlier (callbacks=early_stopping; best.ckpt is kept), add data, augmentation or "
        "optimizer.weight_decay, or start from pretrained weights",
    )
