"""See `python scripts/predict.py --help`."""

from zoo.commands.predict import main

if __name__ == "__main__":
    main()
