"""`zoo-predict`: predict on files with a checkpoint."""

from pathlib import Path
from typing import Any

from zoo.commands.launch import launch, run_directory
from zoo.config.compose import to_dict


def main() -> None:
    """The entry point of `zoo-predict` and `scripts/predict.py`."""
    launch("predict", _predict, task_options=True)


def _predict(config: Any) -> None:
    folder, values = run_directory(), to_dict(config)

    from zoo.checkpoints.load import load  # imports torch: after the configuration is composed
    from zoo.run.device import explain_full_memory, move_to
    from zoo.run.predict import predict

    model = move_to(load(values["checkpoint"], trust=values["trust"]), values["device"])
    with explain_full_memory("batch_size", values["options"].get("batch_size")):
        results = predict(model, Path(values["source"]), folder, **values["options"])
    broken = sum(getattr(result, "error", None) is not None for result in results)
    note = f", {broken} of files that cannot be read" if broken else ""
    print(f"{len(results)} results{note}: {folder / 'predictions.csv'}")
