"""The comparisons of a suite, their results and their verdicts."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from benchmarks.peers import missing
from benchmarks.timing import Measured

# "at the limit": the median exceeds the limit, the lower quartile does not
Verdict = Literal["within", "at the limit", "over", "measured", "not measured", "failed"]
_MILLI = 1000.0


@dataclass(frozen=True, kw_only=True)
class Case:
    """One comparison: what to measure, and its limit."""

    name: str
    """The measured operation, with its sizes."""
    peer: str
    """What a user would pick instead."""
    measure: Callable[[], Measured]
    limit: float | None = None
    """Upper limit of the ratio, or of our time or memory: see `limit_on`."""
    limit_on: Literal["ratio", "ms", "MiB"] = "ratio"
    needs: tuple[str, ...] = ()
    """Modules that the peer imports."""
    absent: str = ""
    """Why this machine cannot measure it; empty if it can."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """The result of a comparison as plain values, as stored in the results file."""

    name: str
    peer: str
    verdict: Verdict
    limit: float | None = None
    limit_on: str = "ratio"
    ratio: float | None = None
    low: float | None = None
    high: float | None = None
    clock: str = ""
    pairs: int = 0
    ours_cpu_ms: float | None = None
    ours_wall_ms: float | None = None
    ours_mib: float | None = None
    theirs_cpu_ms: float | None = None
    theirs_wall_ms: float | None = None
    theirs_mib: float | None = None
    note: str = ""


def run(case: Case, *, judged: bool) -> Row:
    """Measures a case; compares it with its limit if `judged`. A case that cannot be measured gives the reason."""
    absent = case.absent or missing(case.needs)
    if absent:
        return _empty(case, "not measured", absent)
    try:
        return _row(case, case.measure(), judged)
    except SystemExit:  # with which Lightning answers an interrupt
        raise KeyboardInterrupt from None
    except ImportError as error:  # an installed peer that does not support this torch
        return _empty(case, "not measured", f"cannot be imported: {_line(error)}")
    except Exception as error:  # continue with the other comparisons
        return _empty(case, "failed", f"{type(error).__name__}: {_line(error)}")


def _row(case: Case, found: Measured, judged: bool) -> Row:
    row = Row(
        name=case.name,
        peer=case.peer,
        verdict="measured",
        limit=case.limit,
        limit_on=case.limit_on,
        ratio=found.ratio,
        low=found.low,
        high=found.high,
        clock=found.clock,
        pairs=found.pairs,
        ours_cpu_ms=found.ours.cpu * _MILLI,
        ours_wall_ms=found.ours.wall * _MILLI,
        ours_mib=found.ours.memory,
        theirs_cpu_ms=found.theirs.cpu * _MILLI if found.theirs else None,
        theirs_wall_ms=found.theirs.wall * _MILLI if found.theirs else None,
        theirs_mib=found.theirs.memory if found.theirs else None,
        note=found.note,
    )
    return replace(row, verdict=_verdict(case, found)) if judged else row


def _verdict(case: Case, found: Measured) -> Verdict:
    value = {"ratio": found.ratio, "ms": found.ours.cpu * _MILLI, "MiB": found.ours.memory}[case.limit_on]
    if case.limit is None or value is None:
        return "measured"
    if value <= case.limit:
        return "within"
    within_noise = case.limit_on == "ratio" and found.low is not None and found.low <= case.limit
    return "at the limit" if within_noise else "over"


def skipped(case: Case, reason: str) -> Row:
    """The row of a case that is not measured."""
    return _empty(case, "not measured", reason)


def _empty(case: Case, verdict: Verdict, note: str) -> Row:
    return Row(name=case.name, peer=case.peer, verdict=verdict, limit=case.limit, limit_on=case.limit_on, note=note)


def _line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
