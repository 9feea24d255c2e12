"""See `python scripts/benchmark.py --help`."""

from zoo.commands.benchmark import main

if __name__ == "__main__":
    main()
