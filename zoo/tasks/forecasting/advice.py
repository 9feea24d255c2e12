"""What a test of a forecaster tells beside its figures."""

from collections.abc import Mapping, Sequence
from typing import Any


def advice(interval: Mapping[str, Any] | None, better: Sequence[str], *, differences: bool) -> list[str]:
    """The nominal level beside the coverage; differences as the input, where a naive forecast is better.

    A series on which a naive forecast is better may be close to a random walk. `interval` is that of the card, `better`
    names the better baselines, and `differences` tells whether the network reads differences, or has no such option.
    """
    lines = [f"coverage is that of {interval['level']:.0%} intervals, {interval['source']}"] if interval else []
    naive = [name for name in better if name.startswith("naive")]
    if naive and not differences:
        text = f"try data.difference_input=true: {naive[0]} is better, as for series close to a random walk"
        lines.append(text)
    return lines
