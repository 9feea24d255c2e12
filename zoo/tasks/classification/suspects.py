"""Labels that look wrong: an accurate model contradicts them with confidence."""

from collections.abc import Callable, Sequence

from jaxtyping import Float, Int
from torch import Tensor

_ACCURATE = 0.8
_CONFIDENT = 0.99
_LEAST = 3
_SHOWN = 3


def suspects(
    probabilities: Float[Tensor, "n k"],
    labels: Int[Tensor, " n"],
    class_names: Sequence[str] | None,
    name: Callable[[int], str],
) -> list[str]:
    """The most confident disagreements in words, at most three; empty unless they are most mistakes of a good model.

    After Northcutt et al., "Confident Learning", 2021, arXiv:1911.00068, with one confidence for all classes. Mistakes
    of a model on correct labels are mostly unsure, or spread over a poor accuracy. `name` gives the name of a sample.

    >>> import torch
    >>> suspects(torch.eye(2).repeat(20, 1), torch.tensor([0, 1] * 17 + [1, 0] * 3), ["cat", "dog"], "{}.png".format)[0]
    '34.png is labeled dog and predicted as cat (100%)'
    """
    confidence, predicted = probabilities.max(1)
    wrong = predicted != labels
    sure = wrong & (confidence >= _CONFIDENT)
    if wrong.float().mean() > 1 - _ACCURATE or sure.sum() < _LEAST or 2 * sure.sum() < wrong.sum():
        return []
    rows = sure.nonzero().flatten()
    order = rows[confidence[rows].argsort(descending=True, stable=True)].tolist()
    shown = [_described(row, labels, predicted, confidence, class_names, name(row)) for row in order[:_SHOWN]]
    return shown + ([f"{len(order) - _SHOWN} more"] if len(order) > _SHOWN else [])


def _described(
    row: int,
    labels: Tensor,
    predicted: Tensor,
    confidence: Tensor,
    class_names: Sequence[str] | None,
    name: str,
) -> str:
    numbers = (int(labels[row]), int(predicted[row]))
    label, guess = (str(number) if class_names is None else class_names[number] for number in numbers)
    return f"{name} is labeled {label} and predicted as {guess} ({float(confidence[row]):.0%})"
