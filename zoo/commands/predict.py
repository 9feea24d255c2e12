"""`zoo-predict`: predict on files with a checkpoint."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from zoo.commands.launch import launch, run_directory
from zoo.errors import ZooError


def main() -> None:
    """The entry point of `zoo-predict` and `scripts/predict.py`."""
    launch("predict", _predict, task_options=True)


def _predict(values: dict[str, Any]) -> None:
    folder = run_directory()

    from zoo.run.device import explain_full_memory, move_to  # imports torch: after the configuration is composed
    from zoo.run.model_source import requested_model, task_options
    from zoo.run.predict import predict

    model = move_to(requested_model(values), values["device"])
    options = task_options(values)
    batch_size = options.get("batch_size")
    with explain_full_memory("batch_size", batch_size if isinstance(batch_size, int) else None):
        results = predict(model, values["source"], folder, **options)
    errors = [result.error for result in results if getattr(result, "error", None) is not None]
    if results and len(errors) == len(results):
        what = "no result" if len(results) == 1 else f"none of {len(results)} inputs has a result; the first"
        raise ZooError(f"{what}: {errors[0]}; see {folder / 'predictions.csv'}")
    good = len(results) - len(errors)
    note = f" and {_count(len(errors), 'error')} (column `error`)" if errors else ""
    print(f"{_count(good, 'result')}{note}: {folder / 'predictions.csv'}")
    if found := counts(results):
        print(found)


def counts(results: Sequence[Any]) -> str:
    """The number of each label among the results, or among the boxes of the results; empty without labels.

    >>> from types import SimpleNamespace as Result
    >>> counts([Result(label="cat"), Result(label="dog"), Result(label="cat")])
    'cat: 2, dog: 1'
    >>> counts([Result(boxes=()), Result(boxes=())])
    'no objects: a lower min_score=… finds less certain ones'
    """
    if results and not any(getattr(result, "boxes", True) for result in results):
        return "no objects: a lower min_score=… finds less certain ones"
    labels = [each.label for result in results for each in getattr(result, "boxes", (result,)) if _is_labeled(each)]
    return ", ".join(f"{label}: {count:,}" for label, count in Counter(labels).most_common())


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _is_labeled(value: Any) -> bool:
    return getattr(value, "label", None) is not None
