"""Findings in the gradients, the precision, the data and the norms; each function returns one, or None."""

from collections.abc import Sequence
from itertools import takewhile
from statistics import median

from zoo.run.doctor.facts import Facts, Finding, Layer

_VANISHED = 1e-5
_EXPLODED = 1e4
_GROWN = 1e3
_DEAD = 0.5
_LEAST_UNITS = 8
_LOST_SCALE = 1.0
_MUCH_WAITING = 0.25
_LONG = 5.0  # seconds; shorter epochs measure the start of workers
_SHOWN = 3


def overflows(facts: Facts) -> Finding | None:
    """The gradient scaler of half precision has skipped so many steps that its factor is at most 1."""
    if facts.loss_scale is None or facts.loss_scale > _LOST_SCALE:
        return None
    return Finding(
        "overflow",
        f"gradients overflow in half precision: the scale of the loss has fallen to {facts.loss_scale:.2g}, and each "
        "halving is a step that was skipped",
        "trainer.precision=bf16-mixed or 32-true, a smaller optimizer.lr, or inputs in smaller units",
    )


def exploding(facts: Facts) -> Finding | None:
    """The gradient of a layer is far above those of the other layers, or above its own at the start.

    One that starts far below the others, such as that of attention with equal weights, may grow to their size.
    """
    typical, first = _typical(facts.layers), {layer.name: layer.gradient for layer in facts.first_layers}
    usual = _typical(facts.first_layers)
    found = [layer for layer in facts.layers if typical and layer.gradient > _EXPLODED * typical]
    grown = [
        each
        for each in facts.layers
        if (start := first.get(each.name, 0.0)) > 0 and each.gradient > _GROWN * max(start, usual)
    ]
    if not found and not grown:
        return None
    if found:
        text = f"gradients explode in {_names(found)}: {_largest(found) / typical:.0e} times that of a typical layer"
    else:
        factor = max(each.gradient / first[each.name] for each in grown)
        text = f"gradients explode in {_names(grown)}: {factor:.0e} times as large as at the start"
    return Finding("exploding", text, "trainer.gradient_clip_val=1, a smaller optimizer.lr, or normalization layers")


def vanishing(facts: Facts) -> Finding | None:
    """The gradients of the first layers are far below those of later ones.

    A small one behind a layer with a large one has not vanished: that layer is a branch which few samples need.
    """
    largest = max((layer.gradient for layer in facts.layers), default=0.0)
    first = takewhile(lambda layer: layer.gradient < _VANISHED * largest, facts.layers)
    found = [layer for layer in first if layer.gradient > 0]
    if not found:
        return None
    least = min(layer.gradient for layer in found)
    return Finding(
        "vanishing",
        f"gradients vanish in {_names(found)}: {least / largest:.0e} of the largest layer's",
        "activations like ReLU in place of sigmoid and tanh, normalization layers, shortcuts, or fewer layers",
    )


def dead_units(facts: Facts) -> Finding | None:
    """Half of the units of a layer had no gradient in any sampled step, while other layers had one.

    A layer without any gradient behind one that trains is a branch with nothing to learn, such as one of one class.
    """
    trains = next((number for number, layer in enumerate(facts.layers) if layer.gradient > 0), None)
    if trains is None:
        return None
    first = facts.layers[:trains]
    later = [layer for layer in facts.layers[trains:] if layer.dead < layer.units]
    found = [each for each in [*first, *later] if each.units >= _LEAST_UNITS and each.dead >= _DEAD * each.units]
    if not found:
        return None
    worst = max(found, key=lambda layer: layer.dead / layer.units)
    return Finding(
        "dead units",
        f"{worst.dead} of {worst.units} units of {worst.name} have no gradient{_more(len(found) - 1)}",
        "a smaller optimizer.lr, scheduler.warmup, or leaky activations; dead units do not come back",
    )


def unchanged(facts: Facts) -> Finding | None:
    """No weight has changed, and not for a collapse, which has no gradients."""
    if not facts.unchanged or facts.collapse:
        return None
    return Finding(
        "unchanged",
        "no weight has changed in this epoch, so nothing was learned",
        "a larger optimizer.lr (0 trains nothing), or a scheduler whose rate has not ended",
    )


def frozen_norms(facts: Facts) -> Finding | None:
    """Batch norms with frozen weights still move their statistics."""
    if not facts.drifted:
        return None
    return Finding(
        "frozen norms",
        f"the statistics of {facts.drifted[0]}{_more(len(facts.drifted) - 1)} move, though its weights are frozen",
        "put frozen batch norms in eval mode (module.eval()), as finetune=head and finetune=gradual do",
    )


def waits_for_data(facts: Facts) -> Finding | None:
    """Much of the epoch went into waiting for batches."""
    if facts.waiting <= _MUCH_WAITING or facts.seconds <= _LONG or not facts.loading_advice:
        return None
    text = f"{facts.waiting:.0%} of the epoch went into waiting for data"
    return Finding("data", text, ", or ".join(facts.loading_advice))


def _typical(layers: Sequence[Layer]) -> float:
    return median(layer.gradient for layer in layers) if layers else 0.0


def _largest(layers: Sequence[Layer]) -> float:
    return max(layer.gradient for layer in layers)


def _names(layers: Sequence[Layer]) -> str:
    return ", ".join(layer.name for layer in layers[:_SHOWN]) + _more(len(layers) - _SHOWN)


def _more(count: int) -> str:
    return f" and {count} more" if count > 0 else ""
