"""Repositories of the Hugging Face hub, through its own library: its cache, offline mode and tokens apply."""

import re
from pathlib import Path
from types import ModuleType
from typing import Any

from zoo.distribution import install_command
from zoo.errors import ZooError, first_line
from zoo.remote.download import is_offline

WEIGHTS = ("model.safetensors", "pytorch_model.bin")
"""File names of weights, the preferred one first."""
DESCRIPTIONS = ("config.json", "preprocessor_config.json")
CARD = "README.md"
TEXT = (
    "tokenizer.json",
    "vocab.txt",
    "tokenizer_config.json",
    "modules.json",
    "sentence_bert_config.json",
    "*_Pooling/config.json",
)
"""Names and patterns of the files that a language model needs beside its weights."""
_ADDRESS = re.compile(r"(?P<name>\w[\w.-]*/\w[\w.-]*)(?:@(?P<revision>\w[\w./-]*))?")


def snapshot(address: str) -> Path:
    """The folder of a repository, `owner/name[@revision]`, with its descriptions, its tokenizer and its weights.

    Only files with the names of `WEIGHTS`, `DESCRIPTIONS`, `TEXT` and `CARD` are downloaded; pickled weights only
    without others.

    Raises:
        ZooError: no such repository or revision, no access, no network, or no library.
    """
    name, revision = _parsed(address)
    hub = library()
    for weights in WEIGHTS:
        folder = Path(_snapshot(hub, name, revision, [*DESCRIPTIONS, *TEXT, CARD, weights]))
        if (folder / weights).is_file():
            return folder
    raise ZooError(f"hf://{address} has no {' or '.join(WEIGHTS)}")


def library() -> ModuleType:
    """The module `huggingface_hub`.

    Raises:
        ZooError: it is not installed.
    """
    try:
        import huggingface_hub
        import huggingface_hub.errors  # some versions import it at the first use alone
    except ModuleNotFoundError:
        raise ZooError(f"an address hf://… needs huggingface_hub: {install_command('hub')}") from None
    return huggingface_hub


def explain(error: Exception, address: str) -> ZooError:
    """One line for an error of the library."""
    from huggingface_hub import errors

    if isinstance(error, errors.GatedRepoError):
        advice = "accept its conditions on its page, then log in with `hf auth login` or set HF_TOKEN"
        return ZooError(f"hf://{address} asks for a login: {advice}")
    if isinstance(error, errors.RepositoryNotFoundError):
        advice = "check the name; for a private one log in with `hf auth login` or set HF_TOKEN"
        return ZooError(f"hf://{address}: there is no such repository, or it is private: {advice}")
    if isinstance(error, errors.RevisionNotFoundError):
        return ZooError(f"hf://{address}: the repository has no such revision (branch, tag or commit)")
    answered = error if isinstance(error, errors.HfHubHTTPError) else error.__cause__
    if isinstance(answered, errors.HfHubHTTPError) and answered.response is not None:
        status = answered.response.status_code
        login = "; log in with `hf auth login` or set HF_TOKEN" if status == 401 else ""
        return ZooError(f"hf://{address}: the hub answered {status}: {first_line(answered)}{login}")
    name = address.partition("@")[0]
    remedy = f"where there is one, `hf download {name}`, and copy the cache or give its folder"
    return ZooError(f"hf://{address} is not on this machine and there is no way to the hub: {remedy}")


def _parsed(address: str) -> tuple[str, str | None]:
    found = _ADDRESS.fullmatch(address)
    if found is None or ".." in address:
        raise ZooError(f"the address hf://{address} must be hf://owner/name or hf://owner/name@revision")
    return found["name"], found["revision"]


def _snapshot(hub: Any, name: str, revision: str | None, patterns: list[str]) -> str:
    address = f"{name}@{revision}" if revision else name
    try:
        folder: str = hub.snapshot_download(
            name, revision=revision, allow_patterns=patterns, local_files_only=is_offline()
        )
    except (hub.errors.HfHubHTTPError, hub.errors.HTTPError, OSError) as error:
        raise explain(error, address) from error
    except (hub.errors.HFValidationError, ValueError, TypeError, KeyError, AttributeError) as error:  # odd answers, too
        raise ZooError(f"hf://{address}: {first_line(error)}") from error
    return folder
