"""Tests and measures the zoo on the GPU of this machine, beside plain loops with the same settings.

Prints a line for each measurement and writes it into results/DEVICE.json at once: what was measured stays when time
runs out. Needs torch, torchvision and the packages of scripts/gpu_wheels.txt.

python scripts/gpu_check.py                            all but the compiled networks, seven minutes on an H100
python scripts/gpu_check.py compiled                   these, five minutes more
python scripts/gpu_check.py networks lenet5 --minutes 3
python scripts/gpu_check.py --device cpu --quick       everything on tiny inputs, without a GPU
python scripts/gpu_check.py --docs-of results/DEVICE.json   writes its tables into docs/BENCHMARK.md

A machine without a network: fetch the packages beforehand with the same version of Python, and lay them beside the
checkout there.

pip wheel --no-deps -c constraints.txt -r scripts/gpu_wheels.txt -w wheels
pip install --no-index --no-deps --target site wheels/*.whl && export PYTHONPATH=site
"""

import argparse
import datetime
import platform
import time
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from zoo.commands.threads import spin_briefly
from zoo.distribution import ROOT
from zoo.errors import ZooError, unknown

DEFAULT = ("tests", "networks", "lenet5", "tasks", "postprocess", "input", "inference")
"""Important ones first, since time may run out."""
PARTS = (*DEFAULT, "compiled")
START, END = "<!-- gpu: start -->", "<!-- gpu: end -->"
_PAGE = ROOT / "docs" / "BENCHMARK.md"


def main() -> int:
    """Runs the parts; returns 1 if one failed, 2 after a mistake of the user, 130 if interrupted."""
    spin_briefly()
    try:
        return _check(_parser().parse_args())
    except ZooError as error:
        _parser().exit(2, f"gpu_check.py: {error}\n")
    except KeyboardInterrupt:
        _parser().exit(130, "gpu_check.py: interrupted; what was measured before stays in the results\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gpu_check.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "parts", nargs="*", help=f"some of {', '.join(PARTS)} (default: all but the last, with --quick all)"
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto", help="(default: %(default)s)")
    parser.add_argument(
        "--minutes",
        type=float,
        default=7,
        help="no measurement starts later, except with --quick; the last may take one more (default: %(default)s)",
    )
    parser.add_argument("--quick", action="store_true", help="tiny inputs; tests only that everything runs")
    parser.add_argument("--docs", action="store_true", help="also write the tables into docs/BENCHMARK.md")
    parser.add_argument("--docs-of", type=Path, metavar="FILE", help="only write the tables of this results file")
    parser.add_argument("--results", type=Path, default=Path("results"), help="folder of DEVICE.json")
    return parser


def _check(chosen: argparse.Namespace) -> int:
    began = time.monotonic()
    if not chosen.minutes >= 0:  # NaN neither
        raise ZooError(f"`--minutes` (={chosen.minutes}) must be a number of at least 0")
    names = chosen.parts or (PARTS if chosen.quick else DEFAULT)
    for name in names:
        if name not in PARTS:
            raise ZooError(unknown("part", name, list(PARTS)))

    import torch  # slow to import: a wrong option has been refused by now

    from benchmarks.cases import Row, run, skipped
    from benchmarks.results import line, make_folder, summary, write_page, write_results
    from benchmarks.running import resolve_device
    from benchmarks.settings import Settings
    from zoo.hardware import cores, device_name
    from zoo.run.console import quiet_lightning

    if chosen.docs_of is not None:
        if not chosen.docs_of.is_file():
            raise ZooError(f"`--docs-of` (={chosen.docs_of}) must be a results file, such as results/DEVICE.json")
        write_page(_PAGE, chosen.docs_of, START, END)
        return 0
    device = resolve_device(chosen.device)
    if chosen.docs and (chosen.quick or device.type == "cpu"):
        raise ZooError("`--docs` writes figures of a GPU: leave out --quick and --device cpu")
    make_folder(chosen.results)
    torch.set_num_threads(1 if chosen.quick else cores())
    quiet_lightning()
    print(f"{device_name(device)}, {cores()} cores, torch {torch.__version__}, Python {platform.python_version()}")
    if chosen.quick:
        print("--quick: tiny inputs in place of those that the rows name; its figures say nothing about speed")
    found: dict[str, list[Row]] = {}
    with TemporaryDirectory(prefix="gpu-check-", dir=Path.cwd()) as scratch:  # not in /tmp, which may lie in memory
        settings = Settings(
            device=device, repeats=9, seconds=2.5, quick=chosen.quick, data_root=Path("data"), scratch=Path(scratch)
        )
        for name in names:
            print(f"\n{name}", flush=True)
            rows = found[f"gpu {name}"] = []
            module = import_module(f"benchmarks.gpu.{name}")
            for case in module.cases(settings):
                late = not chosen.quick and time.monotonic() - began > 60 * chosen.minutes
                row = skipped(case, "time ran out") if late else run(case, judged=not chosen.quick)
                rows.append(row)
                seconds = time.monotonic() - began
                print(f"{line(row)} [{seconds:.0f} s]", flush=True)
                path = write_results(chosen.results, found, settings, now=datetime.datetime.now(datetime.UTC))
    if chosen.docs:
        write_page(_PAGE, path, START, END)
    rows = _all(found.values())
    print(f"\n{summary(rows)}: {path}")
    return int(any(row.verdict == "failed" for row in rows))


def _all(parts: Iterable[list]) -> list:
    return [row for rows in parts for row in rows]
