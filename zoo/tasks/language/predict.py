"""Fills the masks in the lines of a text file."""

from pathlib import Path
from typing import Any

from zoo.csv_files import write_csv
from zoo.errors import ZooError
from zoo.json_files import write_json
from zoo.tasks.language.filling import BATCH_SIZE, FilledText, fill
from zoo.tasks.language.task import Language


def predict(
    task: Language,
    source: Any,
    folder: Path | None = None,
    *,
    top: int = 5,
    batch_size: int = BATCH_SIZE,
    column: str | None = None,
) -> list[FilledText]:
    """Guesses the `top` best tokens for each `[MASK]` of each line, or of each row of a table's `column`.

    With `folder`, writes predictions.csv and predictions.json there. A line without a mask gives a result with an
    error. Lines of more tokens than the model reads are truncated and counted.

    Raises:
        ZooError: an unreadable file, no text, or a number of guesses below 1.
    """
    if top < 1:
        raise ZooError(f"`top` (={top}) must be at least 1")
    results = fill(task, task.read_texts(source, column), top=top, batch_size=batch_size)
    if long := sum(result.truncated for result in results):
        print(f"{long} of {len(results)} texts have more than {task.length} tokens and are truncated")
    if folder is not None:
        write(results, folder)
    return results


def write(results: list[FilledText], folder: Path) -> None:
    """Writes predictions.csv, with a row for each mask, and predictions.json."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for result in results:
        for number, guesses in enumerate(result.guesses or ((),), 1):
            best = "; ".join(f"{token} {value:.6f}" for token, value in guesses)
            mask = str(number) if guesses else ""
            rows.append(
                [result.place, result.text, mask, best, result.filled or "", result.truncated, result.error or ""]
            )
    write_csv(folder / "predictions.csv", ["place", "text", "mask", "guesses", "filled", "truncated", "error"], rows)
    write_json(folder / "predictions.json", [result.to_dict() for result in results])
