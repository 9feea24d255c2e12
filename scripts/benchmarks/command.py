"""Measures our speed and memory beside those of the package that a user would pick instead.

Both run in turns in one process. Writes results/DEVICE.json; names and skips a peer that is not installed.

python scripts/benchmark.py                         all suites, about half an hour
python scripts/benchmark.py startup mining          two of them; other suites keep their rows in the file
python scripts/benchmark.py mnist --data-root DIR   DIR holds MNIST/raw
"""

import argparse
import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.listing import check_suites, list_suites
from zoo.commands.threads import spin_briefly
from zoo.distribution import ROOT
from zoo.errors import ZooError

_PAGE = ROOT / "docs" / "BENCHMARK.md"


def main() -> int:
    """Runs the suites; returns 1 if a comparison failed, 2 after a mistake of the user, 130 if interrupted."""
    spin_briefly()
    try:
        return _benchmark(_parser().parse_args())
    except ZooError as error:
        _parser().exit(2, f"benchmark.py: {error}\n")
    except KeyboardInterrupt:
        _parser().exit(130, "benchmark.py: interrupted; nothing was written\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmark.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("suites", nargs="*", help=f"default: all of {', '.join(list_suites())}")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="(default: %(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="of torch; 1 is the steadiest on shared cores")
    parser.add_argument("--repeats", type=int, default=15, help="pairs of a comparison (default: %(default)s)")
    parser.add_argument(
        "--seconds", type=float, default=30, help="ends a comparison early, after three pairs (default: %(default)s)"
    )
    parser.add_argument(
        "--quick", action="store_true", help="each comparison once, on small inputs; tests only that it runs"
    )
    parser.add_argument("--docs", action="store_true", help="also write the tables into docs/BENCHMARK.md")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of DEVICE.json")
    parser.add_argument("--data-root", type=Path, default=Path("data"), help="folder that holds MNIST/raw")
    return parser


def _benchmark(chosen: argparse.Namespace) -> int:
    if chosen.docs and chosen.quick:
        raise ZooError("`--docs` writes figures, which --quick has none of: leave out one of them")
    names = chosen.suites or list_suites()
    check_suites(names)
    for key in ("threads", "repeats"):
        if getattr(chosen, key) < 1:
            raise ZooError(f"`--{key}` (={getattr(chosen, key)}) must be at least 1")

    import torch  # slow to import: a wrong option has been refused by now

    from benchmarks.results import make_folder, summary, write_page, write_results
    from benchmarks.running import resolve_device, run_suites
    from benchmarks.settings import Settings

    make_folder(chosen.results)
    torch.set_num_threads(chosen.threads)
    with TemporaryDirectory(prefix="benchmark-", dir=Path.cwd()) as scratch:  # not in /tmp, which may lie in memory
        settings = Settings(
            device=resolve_device(chosen.device),
            repeats=chosen.repeats,
            seconds=chosen.seconds,
            quick=chosen.quick,
            data_root=chosen.data_root.expanduser(),
            scratch=Path(scratch),
        )
        found = run_suites(names, settings, say=lambda text: print(text, flush=True))
    path = write_results(chosen.results, found, settings, now=datetime.datetime.now(datetime.UTC))
    if chosen.docs:
        write_page(_PAGE, path)
    rows = [row for rows in found.values() for row in rows]
    print(f"\n{summary(rows)}: {path}")
    return int(any(row.verdict == "failed" for row in rows))
