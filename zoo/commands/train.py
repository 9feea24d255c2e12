"""`zoo-train`: train a model, test it, and write a report."""

import sys
from typing import Any

from zoo.commands.launch import launch, repeat_in, run_directory
from zoo.config.own_images import pretrained_start


def main() -> None:
    """The entry point of `zoo-train` and `train.py`."""
    words, line = pretrained_start(sys.argv[1:])
    if line is not None and not {"--help", "-h"} & set(words):
        print(line)
    sys.argv[1:] = words
    launch("train", _train)


def _train(values: dict[str, Any]) -> float | None:
    from zoo.config.compose import choices, given_words

    run_dir, chosen, words = run_directory(), choices(), given_words()
    repeat_in(run_dir)

    from zoo.run.train import train  # imports torch: after the configuration is composed

    return train(values, run_dir, model=chosen["model"], data=chosen["data"], words=words)  # what a sweeper optimizes
