"""See `python scripts/share.py --help`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the zoo of this clone, installed or not

from zoo.commands.share import main

if __name__ == "__main__":
    main()
