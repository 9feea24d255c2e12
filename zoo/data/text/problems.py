"""What is suspicious in texts: repeated or truncated ones, and a vocabulary that does not know their words."""

import logging
from collections.abc import Mapping, Sequence

from zoo.data.base import Split

_log = logging.getLogger(__name__)
_MANY = 0.1  # share of unknown tokens

Labeled = Sequence[tuple[str, int]]


def log_repeated(splits: Mapping[Split, Labeled]) -> None:
    """Logs how many validation and test texts are in the training split, and how many texts have several labels."""
    trained = {text for text, _ in splits["train"]}
    for name, rows in splits.items():
        count = sum(text in trained for text, _ in rows)
        if name != "train" and count:
            _log.warning(
                "%d of %d %s texts are in the training split, too, so that its figures measure memory: keep each text "
                "once",
                count,
                len(rows),
                name,
            )
    different = {row for rows in splits.values() for row in rows}
    if several := len(different) - len({text for text, _ in different}):
        _log.warning("texts with several labels: %d; no model can get all of them right", several)


def log_truncated(truncated: Sequence[bool], length: int) -> None:
    """Logs how many training texts the network reads in part."""
    if count := sum(truncated):
        _log.warning(
            "%d of %d training texts have more than %d tokens (data.length) and are truncated",
            count,
            len(truncated),
            length,
        )


def log_unknown(unknown: int, tokens: int, *, adopted: bool) -> None:
    """Logs a large share of unknown tokens in the training split; `adopted` is a vocabulary of pretrained weights."""
    if unknown > _MANY * tokens:
        share = 100 * unknown / tokens
        _log.warning("%.0f %% of the training tokens are [UNK]: %s", share, unknown_advice(adopted))


def unknown_advice(adopted: bool) -> str:
    """Why tokens are unknown."""
    if adopted:
        return "the pretrained weights have another language or other letters"
    return "words of more than 100 letters have no other token, so put spaces between them"
