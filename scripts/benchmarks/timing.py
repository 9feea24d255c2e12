"""Times two functions alternately, so that other load of the machine affects both."""

import time
from collections.abc import Callable, Sequence
from statistics import median, quantiles
from typing import Literal, NamedTuple

from benchmarks.clock import Clock, Memory, Spent
from benchmarks.settings import Settings

Which = Literal["cpu", "wall"]
_LEAST = 0.02  # minimum seconds of a measurement; a shorter call is repeated


class Side(NamedTuple):
    """The cost of a call: medians in seconds, and peak memory in MiB."""

    cpu: float
    wall: float
    memory: float | None = None


class Measured(NamedTuple):
    """The result of a comparison."""

    ours: Side
    theirs: Side | None
    ratio: float | None
    """Median over the pairs of our time divided by theirs."""
    low: float | None
    """Lower quartile of the ratios."""
    high: float | None
    """Upper quartile of the ratios."""
    pairs: int
    clock: Which
    note: str = ""


def compare(
    ours: Callable[[], object],
    theirs: Callable[[], object],
    settings: Settings,
    *,
    reset: Callable[[], object] | None = None,
    clock: Which | None = None,
    note: str = "",
) -> Measured:
    """Times both functions alternately: warm-up, pairs of measurements, then one call each for the memory.

    The ratio compares CPU time on a CPU and wall time on a GPU; `clock` overrides that. `reset` runs before every
    call and is not measured; each measurement is then a single call.
    """
    watch, memory = Clock(settings.device), Memory(settings.device)
    prepare = reset or _nothing
    calls = [_calls(watch, side, prepare, settings) if reset is None else 1 for side in (ours, theirs)]
    if reset is not None:
        for side in (ours, theirs):
            prepare()
            side()
    spent: list[tuple[Spent, Spent]] = []
    began = time.perf_counter()
    while len(spent) < settings.pairs:
        if time.perf_counter() - began > settings.seconds and len(spent) >= settings.least_pairs:
            break
        prepare()
        mine = watch.time(ours, calls[0])
        prepare()
        spent.append((mine, watch.time(theirs, calls[1])))
    peaks = []
    for side in (ours, theirs):
        prepare()
        peaks.append(memory.of(side))
    chosen: Which = clock or ("wall" if settings.device.type == "cuda" else "cpu")
    return paired([a for a, _ in spent], [b for _, b in spent], chosen, peaks=peaks, note=note)


def alone(ours: Callable[[], object], settings: Settings, *, note: str = "") -> Measured:
    """Times one function without a peer: medians over calls."""
    watch = Clock(settings.device)
    ours()
    spent = [watch.time(ours) for _ in range(min(settings.pairs, 5))]
    side = _side(spent, Memory(settings.device).of(ours))
    return Measured(side, None, None, None, None, len(spent), "cpu", note)


def paired(
    ours: Sequence[Spent],
    theirs: Sequence[Spent],
    clock: Which,
    *,
    peaks: Sequence[float | None] = (None, None),
    note: str = "",
) -> Measured:
    """Returns the medians of paired measurements, and the median and the quartiles of their ratios."""
    ratios = [getattr(a, clock) / getattr(b, clock) for a, b in zip(ours, theirs, strict=True)]
    low, middle, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return Measured(_side(ours, peaks[0]), _side(theirs, peaks[1]), middle, low, high, len(ratios), clock, note)


def rate(found: Measured, count: int, unit: str = "images") -> str:
    """Formats the samples per second of both sides, ours first, on the clock that is compared."""
    assert found.theirs is not None
    ours, theirs = (count / getattr(side, found.clock) for side in (found.ours, found.theirs))
    per = "s" if found.clock == "wall" else "CPU s"
    return f"{_three_digits(ours)} and {_three_digits(theirs)} {unit}/{per}"


def _three_digits(value: float) -> str:
    return f"{float(f'{value:.3g}'):,.10g}"  # without an exponent


def _side(spent: Sequence[Spent], memory: float | None) -> Side:
    return Side(median(each.cpu for each in spent), median(each.wall for each in spent), memory)


def _calls(watch: Clock, side: Callable[[], object], prepare: Callable[[], object], settings: Settings) -> int:
    """Warms up, and returns how many calls fill a measurement of `_LEAST` seconds."""
    side()
    once = watch.time(side).wall
    if settings.quick or once >= _LEAST:
        return 1
    for _ in range(3):  # the first calls of a short function are slower
        once = min(once, watch.time(side).wall)
    return max(1, round(_LEAST / max(once, 1e-7)))


def _nothing() -> None:
    return None
