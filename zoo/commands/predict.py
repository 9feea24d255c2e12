"""`zoo-predict`: what a checkpoint says of files of one's own."""

from pathlib import Path
from typing import Any

from zoo.commands.launch import launch, run_directory
from zoo.config.compose import to_dict
from zoo.errors import ZooError

_NUMBERS = {"horizon": int, "batch_size": int, "min_score": float, "iou_threshold": float, "threshold": float}


def main() -> None:
    """The entry point of `zoo-predict` and `scripts/predict.py`."""
    launch("predict", _predict)


def _predict(config: Any) -> None:
    folder, values = run_directory(), to_dict(config)
    options = {key: values[key] for key in values["options"] if values[key] is not None}
    for key, kind in _NUMBERS.items():
        value = options.get(key, 0)
        if isinstance(value, bool | str) or (kind is int and not float(value).is_integer()):
            raise ZooError(f"`{key}` (={value}) must be a {'whole ' if kind is int else ''}number")
        if key in options:
            options[key] = kind(value)  # 1e3 is a whole number too

    from zoo.checkpoints.load import load  # torch is imported once the configuration stands
    from zoo.run.predict import predict

    results = predict(load(values["checkpoint"], trust=values["trust"]), Path(values["source"]), folder, **options)
    broken = sum(getattr(result, "error", None) is not None for result in results)
    note = f", {broken} of files that cannot be read" if broken else ""
    print(f"{len(results)} results{note}: {folder / 'predictions.csv'}")
