"""`zoo-gallery`: enroll people, verify and identify them in images."""

import sys
from typing import Any

from zoo.commands.launch import launch, run_directory


def main() -> None:
    """The entry point of `zoo-gallery` and `scripts/gallery.py`."""
    first = sys.argv[1] if len(sys.argv) > 1 else ""
    if first and "=" not in first and not first.startswith("-"):  # `zoo-gallery enroll` for action=enroll
        sys.argv[1] = f"action={first}"
    launch("gallery", _gallery)


def _gallery(values: dict[str, Any]) -> None:
    folder = run_directory()

    from zoo.run.enrollment import run  # imports torch: after the configuration is composed

    for line in run(values, folder):
        print(line)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
