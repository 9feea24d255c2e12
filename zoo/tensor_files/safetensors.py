"""Reads safetensors files, whose header states the size of each tensor within the file."""

import json
from pathlib import Path
from typing import Any

from safetensors import safe_open

from zoo.errors import ZooError
from zoo.regular_files import open_regular
from zoo.tensor_files.explained import explained
from zoo.tensor_files.plain import require_shallow

SAFETENSORS = ".safetensors"
DESCRIPTION = "zoo"
"""The entry of a checkpoint, and of the metadata of a safetensors file, that describes the model."""
TIED = "tied"
"""The entry of the description with second names of tensors, by which the file stores them once."""


def is_safetensors(path: Path) -> bool:
    """Whether the file begins with the header of the format, whatever its name."""
    with open_regular(path) as file:
        size, begin = int.from_bytes(file.read(8), "little"), file.read(1)
    return begin == b"{" and 2 <= size < path.stat().st_size


def read_safetensors(path: str | Path) -> dict[str, Any]:
    """Reads the `state_dict` of a safetensors file, and the JSON of its description if it has one.

    Raises:
        ZooError: the file is missing or damaged.
    """
    open_regular(path).close()
    try:
        with explained("damaged"), safe_open(path, framework="pt") as file:
            text = (file.metadata() or {}).get(DESCRIPTION)
            described = {DESCRIPTION: json.loads(text)} if text is not None else {}
            require_shallow(described)
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
            description = described.get(DESCRIPTION)
            tied = description.get(TIED, {}) if isinstance(description, dict) else {}
            seconds = {key: state[first] for key, first in tied.items()}
            if seconds.keys() & state.keys():
                raise ValueError("a second name is also that of a stored tensor")
            return described | {"state_dict": state | seconds}
    except Exception as error:  # damaged bytes may raise anything
        raise ZooError(f"{path} cannot be read: it is cut short or damaged") from error
