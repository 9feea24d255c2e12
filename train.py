"""Trains a model of the zoo: `python train.py --help`."""

from zoo.commands.train import main

if __name__ == "__main__":
    main()
