"""`zoo-gallery`: enroll people, verify and identify pictures of them."""

import sys
from typing import Any

from zoo.commands.launch import launch, run_directory
from zoo.config import plain

ACTIONS = ("enroll", "verify", "identify", "list", "remove")


def main() -> None:
    """The entry point of `zoo-gallery` and `scripts/gallery.py`."""
    if len(sys.argv) > 1 and sys.argv[1] in ACTIONS:  # the verb reads better than action=verb
        sys.argv[1] = f"action={sys.argv[1]}"
    launch("gallery", _gallery)


def _gallery(config: Any) -> None:
    folder, values = run_directory(), plain(config)

    from zoo.enrolment import run  # torch is imported once the configuration stands

    for line in run(values, folder):
        print(line)
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
