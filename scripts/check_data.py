"""See `python scripts/check_data.py --help`."""

from zoo.commands.check_data import main

if __name__ == "__main__":
    main()
