"""Writes results as JSON that every parser reads, and reads JSON objects."""

import json
import math
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import read_text


def write_json(path: Path, value: Any) -> None:
    """Writes plain values as strict JSON in UTF-8: `null` for what is infinite or not a number.

    Bytes of a file name that are not UTF-8 become escapes, from which Python's `json.loads` recovers the name.
    """
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", errors="backslashreplace")


def read_object(path: Path) -> dict[str, Any]:
    """Reads a file that holds a JSON object.

    Raises:
        ZooError: the file cannot be read, or holds anything else.
    """
    try:
        content = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise ZooError(f"{path} is no JSON file that can be read: {error}") from error
    if not isinstance(content, dict):
        raise ZooError(f"{path} must hold a JSON object")
    return content


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
