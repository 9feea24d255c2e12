"""See `python scripts/gpu_check.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

from benchmarks.gpu.command import main

if __name__ == "__main__":
    raise SystemExit(main())
