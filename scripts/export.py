"""See `python scripts/export.py --help`."""

from zoo.commands.export import main

if __name__ == "__main__":
    main()
