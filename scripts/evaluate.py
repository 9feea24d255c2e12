"""See `python scripts/evaluate.py --help`."""

from zoo.commands.evaluate import main

if __name__ == "__main__":
    main()
