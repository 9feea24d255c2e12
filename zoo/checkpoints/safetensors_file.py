"""A model in one safetensors file: its weights, and as metadata the configuration and the card in JSON.

The file holds the entries of a checkpoint from which a model is loaded. It has no optimizer and no pickle.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import save
from torch import Tensor

from zoo.checkpoints.io import write_atomically
from zoo.errors import ZooError
from zoo.tasks.base import CHECKPOINT_FORMAT, Task
from zoo.tensor_files.safetensors import DESCRIPTION, TIED


def write_safetensors(task: Task, path: Path, *, half: bool = False) -> None:
    """Writes the model; an existing file is replaced.

    `half` stores networks in 16 bits a number. What the task has measured, such as a threshold, keeps its precision.
    Tied weights, which have two names, are stored once.

    Raises:
        ZooError: the card or the weights hold values that the file cannot.
    """
    state = task.state_dict()
    if strange := [key for key, value in state.items() if not isinstance(value, Tensor)]:
        raise ZooError(f"`{strange[0]}` of this model is no tensor, and a safetensors file holds nothing else")
    tied = _tied(state)
    described = {"format": CHECKPOINT_FORMAT, "model": task.config, "card": task.card}
    try:
        text = json.dumps(described | ({TIED: tied} if tied else {}))
    except (TypeError, ValueError) as error:
        raise ZooError(f"the card of this model is not plain JSON: {error}") from error
    tensors = {key: value.detach().cpu().contiguous().clone() for key, value in state.items() if key not in tied}
    if half:
        tensors |= {key: value.half() for key, value in tensors.items() if _is_of_network(key, value)}
    content = save(tensors, metadata={DESCRIPTION: text, "format": "pt"})
    write_atomically(path, lambda beside: beside.write_bytes(content))


def _tied(state: Mapping[str, Tensor]) -> dict[str, str]:
    """The names of tensors that are the same as one before, whose name is the value."""
    first: dict[tuple[Any, ...], str] = {}
    places = {key: (value.data_ptr(), value.shape, value.stride()) for key, value in state.items() if value.numel()}
    return {key: first[place] for key, place in places.items() if first.setdefault(place, key) != key}


def _is_of_network(key: str, value: Tensor) -> bool:
    return key.startswith(("network.", "loss.backbone.")) and value.is_floating_point()
