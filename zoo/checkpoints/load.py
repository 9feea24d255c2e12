"""Loads a model from its checkpoint alone.

A checkpoint is Lightning's with an additional entry `zoo`: the format number, the completed model configuration and
the card (preprocessing, class names, data) as plain containers. Reading it runs no code from the file.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from zoo.checkpoints.build import build
from zoo.checkpoints.gate import MODEL, check_targets
from zoo.config.calls import explained_call
from zoo.config.listing import list_models
from zoo.distribution import run_command
from zoo.errors import ZooError, unknown
from zoo.remote.addresses import local_path
from zoo.remote.hub import WEIGHTS
from zoo.tasks.base import CHECKPOINT_FORMAT, Task
from zoo.tasks.card import check_card, require_entries, require_names
from zoo.tensor_files.explained import explained
from zoo.tensor_files.read import read_tensors
from zoo.tensor_files.safetensors import SAFETENSORS, read_safetensors
from zoo.weights import shipped


@explained_call
def load(path: str | Path, *, trust: Sequence[str] = ()) -> Task:
    """Loads the model of a checkpoint, of a folder or of an address, in eval mode on the CPU.

    A checkpoint is Lightning's, or the safetensors file that `zoo-share` writes. A folder is that of a run, or one that
    was shared; an address is `hf://owner/name` or `https://…#sha256=…`. `lenet5/mnist` and the other names of
    `list_weights()` are weights of this package.

    A Lightning `Trainer` trains it in training mode.

    Instantiates only classes of `zoo` and of the packages in `trust`.

    Raises:
        ZooError: the file is missing, damaged, unsafe, or not a checkpoint of the zoo.
    """
    if not isinstance(path, str | Path):
        raise ZooError(
            f"a model of zoo, or the path of a checkpoint or of a run is expected, not {type(path).__name__}"
        )
    if isinstance(trust, str):
        raise ZooError(f'`trust` (={trust}) must be a list of modules: trust=["{trust}"]')
    path = local_path(path)
    with explained(f"{path} cannot be read; was it edited?"):
        checkpoint = read(path)
        config, card = checkpoint["zoo"]["model"], checkpoint["zoo"]["card"]
        check_targets(config, MODEL, trust, path)
        require_names(card, config, path)
        task = build(config, checkpoint["state_dict"], path, trusted=bool(trust))
        check_card(card, path, task.card_fields, task.card_together)
        task.config, task.card = config, card
        require_entries(card.get("preprocessing"), task.preprocessing_entries(), path)
    return task.eval()


def read(path: str | Path) -> dict[str, Any]:
    """Reads the entries of a checkpoint, or of the best checkpoint of a run's folder, with tensors on the CPU.

    Raises:
        ZooError: the file is missing, damaged, unsafe, or not a checkpoint of the zoo.
    """
    path = checkpoint_file(Path(path))
    if len(path.parts) == 2 and path.parts[0] in list_models() and not path.exists():
        raise ZooError(unknown("weights", str(path), shipped()))
    if path.name == str(path) and path.name in list_models() and not path.exists():
        ours = f"its weights here are {', '.join(shipped(path.name))}; " if shipped(path.name) else ""
        raise ZooError(
            f'`{path}` names a model of the catalog: {ours}zoo.create_model("{path}", pretrained=…) builds it'
        )
    checkpoint = read_safetensors(path) if path.suffix.lower() == SAFETENSORS else read_tensors(path)
    described = checkpoint.get("zoo") if isinstance(checkpoint, dict) else None
    if not isinstance(described, dict) or not {"format", "model", "card"} <= described.keys():
        raise ZooError(
            f"{path} is no checkpoint of the zoo; to start from bare weights use "
            f"pretrained={path} with {run_command('train')}"
        )
    if type(described["format"]) is not int or described["format"] != CHECKPOINT_FORMAT:
        raise ZooError(
            f"{path} has checkpoint format {described['format']!r:.20}; this version reads {CHECKPOINT_FORMAT}: "
            "load it with the version that wrote it, or train it again"
        )
    if not isinstance(described["model"], dict) or not isinstance(checkpoint.get("state_dict"), dict):
        raise ZooError(f"{path} holds no model, or no weights; the file was edited")
    check_card(described["card"], path)
    return checkpoint


def checkpoint_file(path: Path) -> Path:
    """The best checkpoint of a run's folder, the file of a shared one, or `path` itself if it is no folder.

    Raises:
        ZooError: a folder without a checkpoint, or with several.
    """
    if not path.is_dir():
        return path
    for best in (path / "checkpoints" / "best.ckpt", path / "best.ckpt", path / WEIGHTS[0]):
        if best.is_file():
            return best
    if (path / WEIGHTS[1]).is_file():
        raise ZooError(f"{path} holds weights without their model: zoo.create_model(MODEL, pretrained={str(path)!r})")
    runs = sorted(str(found.parents[1]) for found in path.glob("*/checkpoints/best.ckpt"))
    hint = f": give one of its runs, such as {runs[-1]}" if runs else ": give the folder of a run, or a .ckpt file"
    raise ZooError(f"{path} is a folder without checkpoints/best.ckpt{hint}")
