"""`zoo-share`: write a model into a folder that others load, or upload it."""

from typing import Any

from zoo.commands.launch import launch


def main() -> None:
    """The entry point of `zoo-share` and `scripts/share.py`."""
    launch("share", _share)


def _share(values: dict[str, Any]) -> None:
    from zoo.run.share import share  # imports torch: after the configuration is composed

    for line in share(
        values["checkpoint"],
        to=values["to"],
        license=values["license"],
        private=values["private"],
        trust=values["trust"],
    ):
        print(line)
