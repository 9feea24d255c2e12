"""`zoo-check-data`: list the problems of a set of images before training."""

from typing import Any

from zoo.commands.launch import launch, run_directory


def main() -> None:
    """The entry point of `zoo-check-data` and `scripts/check_data.py`; exit code 1 if there are problems."""
    launch("check_data", _check_data)


def _check_data(values: dict[str, Any]) -> None:
    folder = run_directory()

    from zoo.run.build import build_data  # imports torch: after the configuration is composed

    if not build_data(values["data"]).check(folder):
        raise SystemExit(1)
