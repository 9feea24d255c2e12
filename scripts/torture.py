"""Kills training runs at random moments, resumes them, and compares them with runs that were left alone.

`python scripts/torture.py --kills 200` trains a classifier, a detector, an embedding and a forecaster. Each trial
starts a run, sends KILL, INT, TERM or TERM twice at a random moment of its processor time, checks the exit code, and
resumes the run. The weights and metrics.csv must equal those of the undisturbed run bit for bit, and the report must be
there. Imports are done when a trial starts, and figures are not rendered.
`python scripts/torture.py --ddp 30` sends patterns of signals to the two processes of a run with trainer=ddp, which
must all end within 30 seconds.
"""

import argparse
import os
import sys

from torturing.ddp import torture_ddp
from torturing.server import ROOT, serve
from torturing.trials import RUNS, torture

os.environ["OMP_NUM_THREADS"] = "1"  # before torch is imported, so that its processes can be forked
sys.path.insert(0, str(ROOT))  # the zoo of this clone, installed or not


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=0, help="number of single runs to kill")
    parser.add_argument("--ddp", type=int, default=0, help="number of runs of two processes to signal")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS), metavar="TASK", help=", ".join(RUNS))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.serve:
        serve()
        return 0  # in the process of a run, which ends as an interpreter does
    if not given.kills and not given.ddp:
        parser.error("give the number of runs: --kills N, --ddp N, or both")
    failures = torture(given.kills, given.seed, given.only) if given.kills else 0
    failures += torture_ddp(given.ddp, given.seed) if given.ddp else 0
    return int(failures > 0)


if __name__ == "__main__":
    raise SystemExit(main())
