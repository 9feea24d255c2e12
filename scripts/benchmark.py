"""See `python scripts/benchmark.py --help`."""

from benchmarks.command import main

if __name__ == "__main__":
    main()
