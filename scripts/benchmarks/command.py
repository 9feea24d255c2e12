"""`zoo-benchmark`: our speed beside that of what a user would pick instead."""

import datetime
import shutil
from pathlib import Path
from typing import Any

from zoo.commands.launch import launch, run_directory
from zoo.config.compose import CONFIG_DIR, to_dict
from zoo.errors import ZooError


def main() -> None:
    """The entry point of `zoo-benchmark` and `scripts/benchmark.py`; ends with 1 where a comparison failed."""
    launch("benchmark", _benchmark)


def _benchmark(config: Any) -> None:
    folder, values = run_directory(), to_dict(config)

    from benchmarks.listing import check_suites  # light, so that a wrong name is refused at once

    names = [values["suites"]] if isinstance(values["suites"], str) else values["suites"]
    check_suites(names)
    for key in ("threads", "repeats"):
        if values[key] < 1:
            raise ZooError(f"`{key}` (={values[key]}) must be at least 1")

    import torch

    from benchmarks.results import summary, write_page, write_results
    from benchmarks.running import choose_device, run_suites
    from benchmarks.settings import Settings

    torch.set_num_threads(values["threads"])
    settings = Settings(
        device=choose_device(values["device"]),
        repeats=values["repeats"],
        seconds=values["seconds"],
        quick=values["quick"],
        data_root=Path(values["data"]["root"]).expanduser(),
        scratch=folder,
    )
    try:
        found = run_suites(names, settings, say=lambda text: print(text, flush=True))
    finally:
        _remove(folder)
    path = write_results(Path(values["results"]), found, settings, now=datetime.datetime.now(datetime.UTC))
    if values["docs"]:
        write_page(CONFIG_DIR.parent / "docs" / "BENCHMARK.md", path)
    rows = [row for rows in found.values() for row in rows]
    print(f"\n{summary(rows)}: {path}")
    if any(row.verdict == "failed" for row in rows):
        raise SystemExit(1)


def _remove(folder: Path) -> None:
    """Leaves nothing of the scratch folder, nor of the folders above it that it alone was in."""
    shutil.rmtree(folder, ignore_errors=True)
    for parent in list(folder.parents)[:2]:
        if any(parent.iterdir()):
            break
        parent.rmdir()
