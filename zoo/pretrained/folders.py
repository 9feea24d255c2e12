"""Folders of weights in the layout of Hugging Face and timm: weights, and `config.json` beside them."""

from pathlib import Path
from typing import Any, NamedTuple

from zoo.errors import ZooError
from zoo.json_files import read_object
from zoo.pretrained.described import class_names, preprocessing
from zoo.remote.hub import DESCRIPTIONS, WEIGHTS

_TOKENIZERS = ("tokenizer.json", "vocab.txt")


class Folder(NamedTuple):
    """The file of weights, and what is described beside it."""

    weights: Path
    class_names: list[str] | None
    preprocessing: dict[str, Any] | None
    sizes: dict[str, Any]
    """The name of the network at timm, if the folder is of timm."""


def read_folder(folder: Path) -> Folder:
    """Finds the weights of a folder, safetensors before a pickle, and reads their description.

    Raises:
        ZooError: no weights, or a description that is damaged.
    """
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise ZooError(f"`pretrained` (={folder}): the folder has no {' or '.join(WEIGHTS)}")
    if not (folder / DESCRIPTIONS[0]).is_file() and any((folder / name).is_file() for name in _TOKENIZERS):
        raise ZooError(
            f"`pretrained` (={folder}): the folder has a tokenizer and no {DESCRIPTIONS[0]}, which has its sizes"
        )
    config, processor = (_described(folder / name) for name in DESCRIPTIONS)
    name = config.get("architecture")
    sizes = {"name": name} if isinstance(name, str) and "pretrained_cfg" in config else {}
    return Folder(weights, class_names(config), preprocessing(config, processor, folder), sizes)


def _described(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty without the file."""
    return read_object(path) if path.is_file() else {}
