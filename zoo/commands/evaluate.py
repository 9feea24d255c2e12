"""`zoo-evaluate`: test a checkpoint and write a report."""

from typing import Any

from zoo.commands.launch import launch, repeat_in, run_directory


def main() -> None:
    """The entry point of `zoo-evaluate` and `scripts/evaluate.py`."""
    launch("evaluate", _evaluate, task_options=True)


def _evaluate(values: dict[str, Any]) -> None:
    from zoo.config.compose import choices

    run_dir, chosen = run_directory(), choices()
    repeat_in(run_dir)

    from zoo.run.evaluate import evaluate  # imports torch: after the configuration is composed

    evaluate(values, run_dir, data=None if chosen["data"] == "None" else chosen["data"])
