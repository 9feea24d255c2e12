"""BERT in the folders of Hugging Face and sentence-transformers: configuration, tokenizer, weights."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import Tensor

from zoo.distribution import install_command
from zoo.errors import ZooError
from zoo.json_files import read_object
from zoo.regular_files import read_text
from zoo.tensor_files.read import read_tensors
from zoo.tensor_files.safetensors import read_safetensors

if TYPE_CHECKING:  # its package is optional
    from zoo.data.text.tokenizer import Tokenizer

CONFIG = "config.json"
_EXPECTED = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "is_decoder": False,
}
_SIZES = {
    "vocab_size": "vocab_size",
    "hidden_size": "hidden_size",
    "num_layers": "num_hidden_layers",
    "num_heads": "num_attention_heads",
    "intermediate_size": "intermediate_size",
    "max_positions": "max_position_embeddings",
}
"""Arguments of our networks, and their names in `config.json`."""
_OLD_NAMES = {".gamma": ".weight", ".beta": ".bias"}  # of layer norms in files converted from TensorFlow
_MODULES = ("Transformer", "Pooling", "Normalize")
_FLAGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls"}
_EMBEDDING, _DECODER = "bert.embeddings.word_embeddings.weight", "cls.predictions.decoder.weight"
_NEXT_SENTENCE = "cls.seq_relationship.weight"
_PRETRAINING = "zoo.networks.bert_pretraining.BertPretraining"


def is_bert(folder: Path) -> bool:
    """Whether a path is the folder of a BERT."""
    return (folder / CONFIG).is_file() and read_object(folder / CONFIG).get("model_type") == "bert"


def read_config(folder: Path) -> dict[str, Any]:
    """The configuration of a BERT.

    Raises:
        ZooError: another architecture, or a variant that our network does not compute.
    """
    config = read_object(folder / CONFIG)
    for name, value in _EXPECTED.items():
        if config.get(name, value) != value:
            raise ZooError(f"{folder / CONFIG}: its {name} is {config[name]}, and only BERT with {value} is read")
    missing = [name for name in _SIZES.values() if name not in config]
    if missing:
        raise ZooError(f"{folder / CONFIG} has no {', '.join(missing)}")
    for name in _SIZES.values():
        if type(config[name]) is not int or config[name] < 1:
            raise ZooError(f"{folder / CONFIG}: its {name} (={config[name]}) must be a number from 1 on")
    return config


def sizes_of(config: Mapping[str, Any]) -> dict[str, int]:
    """Arguments of our networks that the configuration has; the id of the padding is the tokenizer's."""
    return {ours: config[theirs] for ours, theirs in _SIZES.items()}


def options_of(state: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Options of our networks: weights that guess masked words alone, as RoBERTa's, need no next-sentence head."""
    alone = _DECODER in state and _NEXT_SENTENCE not in state
    return {_PRETRAINING: {"next_sentence": False}} if alone else {}


def class_names_of(config: Mapping[str, Any]) -> list[str] | None:
    """Class names of a fine-tuned classifier, or None."""
    if not any("ForSequenceClassification" in name for name in config.get("architectures") or []):
        return None
    labels = config.get("id2label") or {}
    return [str(labels[key]) for key in sorted(labels, key=int)] or None


def read_tokenizer(folder: Path, config: Mapping[str, Any]) -> "Tokenizer":
    """The tokenizer of a BERT.

    Raises:
        ZooError: none, one with more tokens than the weights, or the package that reads it is not installed.
    """
    try:
        from zoo.data.text.tokenizer import Tokenizer, wordpiece_of
    except ModuleNotFoundError as error:
        raise ZooError(f"texts need the package {error.name}: {install_command('text')}") from error
    if (file := folder / "tokenizer.json").is_file():
        tokenizer = Tokenizer(read_text(file))
    elif (file := folder / "vocab.txt").is_file():
        known = _settings(folder)
        tokenizer = wordpiece_of(
            read_text(file).removesuffix("\n").split("\n"),  # other line ends of Unicode are tokens
            lowercase=bool(known.get("do_lower_case", True)),
            strip_accents=known.get("strip_accents"),
        )
    else:
        raise ZooError(f"{folder} has no tokenizer.json or vocab.txt: weights without their tokenizer are of no use")
    if len(tokenizer) > config["vocab_size"]:
        raise ZooError(
            f"{file} has {len(tokenizer)} tokens, and the weights beside it have {config['vocab_size']}: it is the "
            f"tokenizer of other weights"
        )
    return tokenizer


def read_preprocessing(folder: Path, config: Mapping[str, Any], tokenizer: "Tokenizer") -> dict[str, Any]:
    """The tokenizer and the pooling, as they are stored in our checkpoints.

    Raises:
        ZooError: a pooling that is not computed here.
    """
    positions = config["max_position_embeddings"]
    return {
        "tokenizer": tokenizer.to_json(),
        "vocab_size": config["vocab_size"],
        "positions": positions,
        "length": min(positions, _settings(folder).get("model_max_length", positions)),
        **_sentence_transformer(folder),
    }


def _settings(folder: Path) -> dict[str, Any]:
    """What the folder says of its tokenizer."""
    file = folder / "tokenizer_config.json"
    return read_object(file) if file.is_file() else {}


def read_weights(folder: Path) -> dict[str, Tensor]:
    """The tensors under the names of our networks.

    Raises:
        ZooError: no file of weights, a damaged one, or an output matrix that is not tied to the embedding.
    """
    if (file := folder / "model.safetensors").is_file():
        state = read_safetensors(file)["state_dict"]
    elif (file := folder / "pytorch_model.bin").is_file():
        state = read_tensors(file)
    else:
        raise ZooError(f"{folder} has no model.safetensors or pytorch_model.bin")
    return named_as_ours(state, file)


def named_as_ours(state: Mapping[str, Tensor], file: Path) -> dict[str, Tensor]:
    """Renames tensors: `gamma` and `beta` of layer norms, the prefix `bert.`, and duplicates.

    Raises:
        ZooError: an output matrix that is not tied to the embedding.
    """
    renamed = {}
    for key, value in state.items():
        for old, new in _OLD_NAMES.items():
            key = key.removesuffix(old) + new if key.endswith(old) else key
        if key.startswith(("embeddings.", "encoder.", "pooler.")):
            key = f"bert.{key}"
        if not key.endswith("position_ids"):
            renamed[key] = value
    bias = renamed.pop("cls.predictions.decoder.bias", None)  # the same tensor as the next one
    if bias is not None:
        renamed.setdefault("cls.predictions.bias", bias)
    if "cls.predictions.bias" in renamed and _EMBEDDING in renamed:
        decoder = renamed.setdefault(_DECODER, renamed[_EMBEDDING])
        if not decoder.equal(renamed[_EMBEDDING]):
            raise ZooError(f"{file}: its output matrix is not that of the embedding, as it is in BERT")
    return renamed


def _sentence_transformer(folder: Path) -> dict[str, Any]:
    """How sentence-transformers turns tokens into one vector; empty for other folders.

    Raises:
        ZooError: a pooling or a module after it that is not computed here.
    """
    if not (folder / "modules.json").is_file():
        return {}
    found: dict[str, Any] = {}
    modules: Any = json.loads(read_text(folder / "modules.json"))
    if not isinstance(modules, list) or not all(isinstance(module, dict) for module in modules):
        raise ZooError(f"{folder / 'modules.json'} is no list of modules, each with a type and a path")
    for module in modules:
        kind = str(module.get("type", "")).rpartition(".")[2]
        if kind not in _MODULES:
            raise ZooError(f"{folder / 'modules.json'}: the module {kind} is none of: {', '.join(_MODULES)}")
        if kind == "Pooling":
            found["pooling"] = _pooling(folder / str(module.get("path", "")) / CONFIG)
        found |= {"normalize": True} if kind == "Normalize" else {}
    if (settings := folder / "sentence_bert_config.json").is_file():
        length = read_object(settings).get("max_seq_length")
        found |= {"length": length} if length else {}
    return found


def _pooling(file: Path) -> str:
    """`mean` or `cls`; the library writes one name, and wrote a flag for each before its version 6."""
    settings = read_object(file)
    flags = [_FLAGS.get(name, name) for name, value in settings.items() if name.startswith("pooling_mode_") and value]
    named = settings.get("pooling_mode", flags)
    modes = [named] if isinstance(named, str) else named
    if modes not in (["mean"], ["cls"]):
        raise ZooError(
            f"{file}: its pooling is {' and '.join(map(str, modes)) or 'none'}, and only mean or cls is read"
        )
    return str(modes[0])
