"""`zoo-train`: train a model, test it, and write a report."""

from typing import Any

from zoo.commands.launch import launch, repeat_in, run_directory
from zoo.config.compose import choices, to_dict


def main() -> None:
    """The entry point of `zoo-train` and `train.py`."""
    launch("train", _train)


def _train(config: Any) -> None:
    run_dir, chosen, values = run_directory(), choices(), to_dict(config)
    repeat_in(run_dir)

    from zoo.run.train import train  # imports torch: after the configuration is composed

    train(values, run_dir, model=chosen["model"], data=chosen["data"])
