"""`zoo-evaluate`: test a checkpoint and write a report."""

from typing import Any

from zoo.commands.launch import launch, repeat_in, run_directory
from zoo.config.compose import choices, to_dict


def main() -> None:
    """The entry point of `zoo-evaluate` and `scripts/evaluate.py`."""
    launch("evaluate", _evaluate, task_options=True)


def _evaluate(config: Any) -> None:
    run_dir, chosen, values = run_directory(), choices(), to_dict(config)
    repeat_in(run_dir)

    from zoo.run.evaluate import evaluate  # imports torch: after the configuration is composed

    evaluate(values, run_dir, data=None if chosen["data"] == "None" else chosen["data"])
