"""Shares a model: its weights as safetensors, their description and a card, in a folder or on the hub."""

import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from zoo.checkpoints.data_gate import without_paths
from zoo.checkpoints.gate import DATA, check_targets
from zoo.checkpoints.load import checkpoint_file, load
from zoo.checkpoints.safetensors_file import write_safetensors
from zoo.config.calls import explained_call
from zoo.errors import ZooError
from zoo.json_files import read_object, write_json
from zoo.regular_files import exists, read_text
from zoo.remote.addresses import local_path
from zoo.remote.hub import CARD, DESCRIPTIONS, WEIGHTS, explain, library
from zoo.run.model_card import Release, card, model_card
from zoo.tasks.base import Task
from zoo.tensor_files.explained import explained

_NOT_OF_SPDX = re.compile(
    r"other|openrail(\+\+)?|[a-z]+-openrail-m|bigscience-bloom-rail-1\.0|llama\d(\.\d)?|gemma|openmdw-1\.0|c-uda|odbl|"
    r"odc-by|pddl|cc|bsd|l?gpl|gfdl|lgpl-lr|apple-a(sc|m)l[lr]?|intel-research|deepfloyd-if-license"
)
"""Licenses of Hugging Face that SPDX does not list."""
_LOADED = re.compile(r'zoo\.load\("[^"\n]*"\)')


@explained_call
def share(checkpoint: str, *, to: str, license: str, private: bool = False, trust: Sequence[str] = ()) -> list[str]:
    """Writes the model to the folder `to`, or uploads it to `hf://owner/name`; returns console lines.

    A model that is shared already keeps its card, edited or not.

    Raises:
        ZooError: an unknown license or another than in the card, a folder that exists, or a hub that refuses.
    """
    if not is_license(license):
        raise ZooError(
            f"`license` (={license}) must be a license as SPDX or Hugging Face names it, in small letters, such as "
            "apache-2.0, mit, cc-by-4.0, or other for one that neither lists: without a license others may not use the "
            "weights"
        )
    task = load(checkpoint, trust=trust)
    check_targets(task.card.get("data_config"), DATA, trust, checkpoint)  # a stranger's file is not passed on
    if to.startswith("hf://"):
        with TemporaryDirectory() as scratch:
            _write(task, Path(scratch), checkpoint, license=license, source=to)
            page = _upload(Path(scratch), to.removeprefix("hf://"), private=private)
        return [f"shared: {page}", f"load it with zoo.load({to!r})"]
    if "://" in to:
        raise ZooError(f"`to` (={to}) must be a folder or hf://owner/name")
    folder = Path(to).expanduser()
    if exists(folder):
        raise ZooError(f"`to` (={to}) exists: give a new folder")
    try:
        _write(task, folder, checkpoint, license=license, source=folder.name)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)  # half a model
        raise
    return [f"shared: {folder}", f"load it with zoo.load({str(folder)!r})"]


def is_license(name: str) -> bool:
    """Whether SPDX or Hugging Face lists a license, which is written in small letters."""
    if _NOT_OF_SPDX.fullmatch(name):
        return True
    try:
        return canonicalize_license_expression(name).lower() == name
    except InvalidLicenseExpression:
        return False


def write_folder(
    task: Task,
    folder: Path,
    figures: dict[str, Any],
    *,
    license: str,
    source: str,
    half: bool = False,
    release: Release | None = None,
) -> None:
    """Writes weights, description and card; `source` is what `zoo.load` takes, `figures` the `metrics.json` of the run.

    `half` stores the network in 16 bits a number; `release` is what the card says of weights of this package.
    """
    data = task.card.get("data_config")
    if isinstance(data, dict):
        task.card = task.card | {"data_config": without_paths(data)}
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS[0]
    write_safetensors(task, weights, half=half)
    _write_description(task, folder)
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    text = model_card(task, figures, license=license, source=source, sha256=sha256, release=release)
    (folder / CARD).write_text(text, encoding="utf-8")


def _write_description(task: Task, folder: Path) -> None:
    classes = task.card.get("class_names") or []
    described = {
        "library_name": "lightning-zoo",
        "architecture": task.card.get("model_name"),
        "num_classes": len(classes),
        "label_names": list(classes),
        "preprocessing": task.card.get("preprocessing"),
        "model": task.config,
    }
    write_json(folder / DESCRIPTIONS[0], {key: value for key, value in described.items() if value})


def _write(task: Task, folder: Path, checkpoint: str, *, license: str, source: str) -> None:
    file = checkpoint_file(local_path(checkpoint))  # the one that was read
    if file.name == WEIGHTS[0] and (file.parent / CARD).is_file():
        _copy_shared(task, file.parent, folder, license=license, source=source)
        return
    with explained(f"{checkpoint} cannot be described; was the metrics.json of its run edited?"):
        write_folder(task, folder, _figures(Path(checkpoint)), license=license, source=source)


def _copy_shared(task: Task, shared: Path, folder: Path, *, license: str, source: str) -> None:
    """Copies what was read as a model and as a card, since other files may be links to anything."""
    stated = card(str(shared)).facts.get("license")
    if license != stated:
        states = f"states {stated}" if stated else "states none"
        raise ZooError(f"`license` (={license}): {shared / CARD} {states}; give the same, or edit the card")
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(shared / WEIGHTS[0], folder / WEIGHTS[0])
    _write_description(task, folder)
    text = _LOADED.sub(lambda _: f"zoo.load({json.dumps(source)})", read_text(shared / CARD), count=1)
    (folder / CARD).write_text(text, encoding="utf-8")


def _figures(checkpoint: Path) -> dict[str, Any]:
    """The content of `metrics.json` of the run whose best checkpoint this is; empty without a run.

    Weights by name have none, and the figures of a run are not those of its last epoch.
    """
    checkpoint = checkpoint.absolute()
    run = checkpoint if checkpoint.is_dir() else checkpoint.parent
    run = run.parent if run.name == "checkpoints" else run
    is_best = checkpoint.is_dir() or (checkpoint.is_file() and checkpoint.name == "best.ckpt")
    file = run / "metrics.json"
    return read_object(file) if is_best and file.is_file() else {}


def _upload(folder: Path, name: str, *, private: bool) -> str:
    hub = library()
    try:
        hub.create_repo(name, private=private, exist_ok=True)
        hub.upload_folder(repo_id=name, folder_path=str(folder), commit_message="Shared with zoo-share")
    except (hub.errors.HfHubHTTPError, hub.errors.HTTPError, OSError) as error:
        raise explain(error, name) from error
    except ValueError as error:
        raise ZooError(f"`to` (=hf://{name}) must be hf://owner/name: {error}") from error
    return f"https://huggingface.co/{name}"
