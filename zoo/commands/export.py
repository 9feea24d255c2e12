"""`zoo-export`: export a checkpoint to ONNX or to a PyTorch program."""

from pathlib import Path
from typing import Any

from zoo.commands.launch import launch


def main() -> None:
    """The entry point of `zoo-export` and `scripts/export.py`."""
    launch("export", _export, task_options=True)


def _export(values: dict[str, Any]) -> None:
    from zoo.run.export import export  # imports torch: after the configuration is composed

    path, worst = export(
        values["checkpoint"],
        format=values["format"],
        output=Path(values["output"]) if values["output"] else None,
        with_preprocessing=values["with_preprocessing"],
        tolerance=values["tolerance"],
        device=values["device"],
        trust=values["trust"],
        options=values["options"],
    )
    print(f"{path}: outputs match the network's within {worst:.1e} at batches of 1 and 3")
