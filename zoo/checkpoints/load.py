"""Loads a model from its checkpoint alone.

A checkpoint is Lightning's with an additional entry `zoo`: the format number, the completed model configuration and
the card (preprocessing, class names, data) as plain containers. Reading it runs no code from the file.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from zoo.config.instantiate import instantiate, locate
from zoo.data.base import DataModule
from zoo.distribution import run_command
from zoo.errors import ZooError
from zoo.tasks.base import CHECKPOINT_FORMAT, Task
from zoo.tensor_files import read_tensors


def load(path: str | Path, *, trust: Sequence[str] = ()) -> Task:
    """Loads the model of a checkpoint, in eval mode on the CPU; a Lightning `Trainer` trains it in training mode.

    Instantiates only classes of `zoo` and of the packages in `trust`.

    Raises:
        ZooError: the file is missing, damaged, unsafe, or not a checkpoint of the zoo.
    """
    checkpoint = read(path)
    config = checkpoint["zoo"]["model"]
    check_targets(config, trust, path)
    task = instantiate(config, "model")
    if not isinstance(task, Task):
        raise ZooError(f"{path} describes no model: {config.get('_target_')}")
    task.config = config
    task.card = checkpoint["zoo"]["card"]
    try:
        task.load_state_dict(checkpoint["state_dict"])
    except RuntimeError as error:
        raise ZooError(f"{path}: its weights do not fit its own configuration; the file was edited") from error
    return task.eval()


def read(path: str | Path) -> dict[str, Any]:
    """Reads the entries of a checkpoint, with tensors on the CPU.

    Raises:
        ZooError: the file is missing, damaged, unsafe, or not a checkpoint of the zoo.
    """
    checkpoint = read_tensors(path)
    described = checkpoint.get("zoo") if isinstance(checkpoint, dict) else None
    if not isinstance(described, dict) or not {"format", "model", "card"} <= described.keys():
        raise ZooError(
            f"{path} is no checkpoint of the zoo; to start from bare weights use "
            f"pretrained={path} with {run_command('train')}"
        )
    if described["format"] != CHECKPOINT_FORMAT:
        raise ZooError(
            f"{path} has checkpoint format {described['format']}; this version reads {CHECKPOINT_FORMAT}: "
            "load it with the version that wrote it, or train it again"
        )
    return checkpoint


def check_data_targets(config: Any, trust: Sequence[str], path: str | Path) -> None:
    """Checks that a file describes only data modules and augmentations, of zoo, torchvision and trusted packages.

    Raises:
        ZooError: another target.
    """
    _check(config, (DataModule, nn.Module), "data module or augmentation", ("zoo", "torchvision", *trust), path)


def check_targets(config: Any, trust: Sequence[str], path: str | Path) -> None:
    """Checks that a file describes only networks, losses and tasks, of zoo, torch.nn and trusted packages.

    Raises:
        ZooError: another target.
    """
    _check(config, (nn.Module,), "network, loss or task", ("zoo", "torch.nn", *trust), path)


def _check(config: Any, bases: tuple[type, ...], names: str, packages: Sequence[str], path: str | Path) -> None:
    """Refuses every target but classes derived from `bases` in `packages`: functions are never called."""
    targets = [*_targets(config)]
    strange = [target for target in targets if not any(target.startswith(f"{package}.") for package in packages)]
    if strange:
        unsafe = {target.partition(".")[0] for target in strange}
        advice = "" if unsafe & sys.stdlib_module_names else f"; trust=[{','.join(sorted(unsafe))}] allows it"
        raise ZooError(f"{path} wants to build {strange[0]}: only zoo's own classes are built{advice}")
    for target in targets:
        found = locate(target)
        if not (isinstance(found, type) and issubclass(found, bases)):
            raise ZooError(f"{path} wants to build {target}, which is no {names}")


def _targets(config: Any) -> Iterator[str]:
    """Every `_target_` in a configuration, at any depth."""
    if isinstance(config, Mapping):
        if "_target_" in config:
            yield str(config["_target_"])
        config = config.values()
    elif not isinstance(config, list):
        return
    for value in config:
        yield from _targets(value)
