"""See `python scripts/backtest.py --help`."""

from zoo.commands.backtest import main

if __name__ == "__main__":
    main()
