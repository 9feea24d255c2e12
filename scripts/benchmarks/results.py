"""Writes results as lines of the console, as `results/DEVICE.json`, and as the tables of a page."""

import datetime
import json
import platform
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import torch
import torchvision

from benchmarks.cases import Row
from benchmarks.peers import versions
from benchmarks.settings import Settings
from zoo.errors import ZooError
from zoo.hardware import cores, device_name
from zoo.json_files import read_object

START, END = "<!-- benchmark: start -->", "<!-- benchmark: end -->"
_HEAD = ["what", "beside", "ours", "theirs", "ratio (quartiles)", "limit", "memory, MiB", ""]


def line(row: Row) -> str:
    """Formats a row for the console."""
    what = f"  {row.name}, beside {row.peer}"
    if row.verdict in ("not measured", "failed"):
        return f"{what}: {row.verdict}: {row.note}"
    _, _, ours, theirs, ratio, limit, memory, verdict = cells(row)
    times = f"{ours} to {theirs} {row.clock}" if theirs != "–" else f"{ours} {row.clock}"
    parts = [times, f"ratio {ratio}" * (row.ratio is not None), f"memory {memory} MiB" * (memory != "–")]
    parts += [f"at most {limit}: {verdict}" * (row.limit is not None), row.note]
    return f"{what}: {'; '.join(part for part in parts if part)}"


def cells(row: Row) -> list[str]:
    """Formats a row for the table, with the times of the clock that was compared."""
    if row.verdict in ("not measured", "failed"):
        return [row.name, row.peer, "–", "–", "–", _limit(row), "–", f"{row.verdict}: {row.note}"]
    on_wall = row.clock == "wall"
    ours, theirs = (row.ours_wall_ms, row.theirs_wall_ms) if on_wall else (row.ours_cpu_ms, row.theirs_cpu_ms)
    ratio = "–" if row.ratio is None else f"{row.ratio:.3g} ({row.low:.3g} – {row.high:.3g})"
    peaks = [row.ours_mib, row.theirs_mib]
    memory = " / ".join(f"{peak:,.0f}" for peak in peaks if peak is not None) or "–"
    return [row.name, row.peer, _time(ours), _time(theirs), ratio, _limit(row), memory, row.verdict]


def summary(rows: Sequence[Row]) -> str:
    """Returns how many comparisons were made, and how many ended with each verdict."""
    counts = {"within their limit": "within", "at it": "at the limit", "over it": "over", "measured": "measured"}
    counts |= {"not measured": "not measured", "failed": "failed"}
    parts = [f"{sum(row.verdict == verdict for row in rows)} {words}" for words, verdict in counts.items()]
    shown = ", ".join(part for part in parts if not part.startswith("0 "))
    return f"{len(rows)} comparison{'s' * (len(rows) != 1)}: {shown}"


def write_results(
    folder: Path, suites: Mapping[str, Sequence[Row]], settings: Settings, *, now: datetime.datetime
) -> Path:
    """Writes the suites into the file of this device, each with the versions that it was measured with.

    Keeps the results of other suites, and of a suite in which nothing was measured now. Returns the path.

    Raises:
        ZooError: the file cannot be written, or holds something else.
    """
    machine = _processor() if settings.device.type == "cpu" else device_name(settings.device)
    name = re.sub(r"[^a-z0-9]+", "-", machine.lower()).strip("-") + ("-quick" if settings.quick else "")
    path = folder / f"{name}.json"
    written = read_results(path)["suites"] if path.is_file() else {}
    software = {
        "python": platform.python_version(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        **versions(),
    }
    measured = {
        "date": now.isoformat(timespec="minutes"),
        "threads": torch.get_num_threads(),
        "versions": software,
    }
    fresh = {
        suite: measured | {"rows": [asdict(row) for row in rows]}
        for suite, rows in suites.items()
        if suite not in written or any(row.verdict != "not measured" for row in rows)
    }
    content = {"device": machine, "cores": cores(), "suites": written | fresh}
    unfinished = path.with_suffix(".tmp")
    try:
        unfinished.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        unfinished.replace(path)
    except OSError as error:
        raise ZooError(f"{path} cannot be written: {error.strerror}") from None
    return path


def make_folder(folder: Path) -> None:
    """Creates the folder of the results before anything is measured.

    Raises:
        ZooError: nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ZooError(f"`--results` (={folder}) must be a folder that can be written: {error.strerror}") from None


def read_results(path: Path) -> dict[str, Any]:
    """Reads a file that `write_results` has written.

    Raises:
        ZooError: the file cannot be read, or holds something else.
    """
    found = read_object(path)
    if not isinstance(found.get("suites"), dict):
        raise ZooError(f"{path} holds no suites of benchmarks")
    return found


def tables(results: Mapping[str, Any]) -> str:
    """Formats a results file in Markdown: the machine, then each suite with its versions and a table."""
    parts = [f"{results['device']}, {results['cores']} cores."]
    for suite, found in results["suites"].items():
        rows = [Row(**row) for row in found["rows"]]
        software = ", ".join(f"{name} {version}" for name, version in found["versions"].items())
        measured = f"Measured {found['date'][:10]}, threads: {found['threads']}; {software}."
        parts.append(f"### {suite}\n\n{measured}\n\n{_table(rows)}")
    return "\n\n".join(parts)


def _table(rows: Sequence[Row]) -> str:
    written = [f"| {' | '.join(_HEAD)} |", "|---|---|--:|--:|--:|--:|--:|---|"]
    for row in rows:
        shown = cells(row)
        if row.note and row.note not in shown[-1]:
            shown[-1] += f"; {row.note}"
        written.append(f"| {' | '.join(cell.replace('|', '/') for cell in shown)} |")
    return "\n".join(written)


def write_page(page: Path, results: Path, start: str = START, end: str = END) -> None:
    """Writes the tables of a results file between the markers of a page.

    Raises:
        ZooError: the page or its markers are missing.
    """
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    if start not in text or end not in text:
        raise ZooError(f"`{page}` has no lines {start} and {end}: --docs writes into a clone of the repository")
    before, _, rest = text.partition(start)
    after = rest.partition(end)[2]
    written = tables(read_results(results))
    page.write_text(f"{before}{start}\n{written}\n{end}{after}", encoding="utf-8")


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "–"
    return f"{milliseconds / 1000:,.3g} s" if milliseconds >= 1000 else f"{milliseconds:.3g} ms"


def _limit(row: Row) -> str:
    if row.limit is None:
        return "–"
    return {"ratio": f"{row.limit:.3g}", "ms": _time(row.limit), "MiB": f"{row.limit:,.0f} MiB"}[row.limit_on]


def _processor() -> str:
    """Returns the name of the processor; on other systems than Linux, its architecture."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        named = re.search(r"model name\s*:\s*(.+)", information.read_text(encoding="utf-8"))
        if named:
            return f"CPU {named[1].strip()}"
    return f"CPU {platform.machine()}"
