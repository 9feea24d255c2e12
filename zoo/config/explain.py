"""One-line messages for errors of Hydra and OmegaConf."""

import re
from collections.abc import Callable, Sequence
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from zoo.config.listing import CONFIG_DIR, list_options
from zoo.config.other_words import advice
from zoo.config.signatures import metadata_names, parameters
from zoo.distribution import install_command
from zoo.errors import ZooError, unknown

_LISTS = ("callbacks", "logger")  # groups of which several options may be chosen
Compose = Callable[[Sequence[str]], DictConfig]


def explain(error: Exception, overrides: Sequence[str], compose: Compose) -> str:
    """Returns a one-line message for an error; `compose` composes the same command from other overrides."""
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if option.split("_")[0] in ("optuna", "joblib", "submitit"):
            return f"{group}={option} needs a plugin of Hydra, which is not installed: {install_command('sweep')}"
        return unknown(group or "configuration", option, error.options or list_options(group))
    if refused := re.search(r"Could not load '([^']+)/([^/']+)'", text):
        return unknown(refused[1], refused[2], list_options(refused[1]))
    if "Config group override must be a string" in text:
        for group, _, value in (word.partition("=") for word in overrides):
            if (CONFIG_DIR / group).is_dir() and value not in list_options(group):
                return f"`{group}` (={value}): a group takes the name of one option: {', '.join(list_options(group))}"
    if isinstance(error, OverrideParseException) and "=" not in error.override:
        return _without_a_value(error.override)
    if isinstance(error, OverrideParseException):
        return f"`{error.override}` has characters with a meaning on this command line: {_quoted(error.override)}"
    if ambiguous := re.search(r"Ambiguous value for argument '(.+)'", text):
        return (
            f"`{ambiguous[1]}` has a comma: {_quoted(ambiguous[1])}; a list is [a,b], and -m runs once for each value"
        )
    if refused := re.search(r"[Cc]ould not override '([^'@]+)'", text):
        try:
            return _unknown_key(refused[1], overrides, _configuration(error, refused[1], overrides, compose))
        except ZooError:  # an option from the user's `--config-dir`, which `compose` does not search
            return unknown("key", refused[1], [])
    if refused := re.search(r"Could not append to config. An item is already at '([^']+)'", text):
        return f"`{refused[1]}` exists already: leave out the + before it"
    return first_line(error)


def listed_options(words: Sequence[str]) -> str | None:
    """Returns a message for the first group that is given a list and takes one option, or None.

    >>> listed_options(["callbacks=[ema]", "model=[lenet5,vgg11]"])
    '`model` (=[lenet5,vgg11]): a group takes the name of one option; -m model=lenet5,vgg11 runs once for each'
    """
    for word in words:
        group, _, value = word.partition("=")
        if value.startswith("[") and group not in _LISTS and (CONFIG_DIR / group).is_dir():
            several = value.strip("[]").replace(" ", "")
            return (
                f"`{group}` (={value}): a group takes the name of one option; -m {group}={several} runs once for each"
            )
    return None


def _quoted(word: str) -> str:
    key, _, value = word.partition("=")
    escaped = value.replace("'", "\\'")
    return f"quote a text twice, \"{key}='{escaped}'\""


def _without_a_value(word: str) -> str:
    groups = [folder.name for folder in CONFIG_DIR.iterdir() if folder.is_dir()]
    found = [f"{group}={word}" for group in sorted(groups) if word in list_options(group)]
    return f"`{word}` is not of the form KEY=VALUE" + (f": did you mean {' or '.join(found)}?" if found else "")


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, or the name of its class."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _configuration(error: Exception, key: str, overrides: Sequence[str], compose: Compose) -> Any:
    """The configuration that lacks the key: OmegaConf's error holds it; else it is composed, which takes 0.3 s."""
    node = getattr(error.__cause__, "parent_node", None)
    if node is not None:
        return node._get_root()
    groups = [word for word in overrides if (CONFIG_DIR / word.partition("=")[0]).is_dir()]
    return compose([word for word in groups if word.partition("=")[0] != key])  # without a group of another command


def _unknown_key(key: str, overrides: Sequence[str], root: Any) -> str:
    """Explains a key that is not in the configuration: how to add it if its class accepts it, else the known keys."""
    parent, _, name = key.rpartition(".")
    node = root
    given = dict(word.lstrip("+").split("=", 1) for word in overrides if "=" in word)
    if not parent and (here := advice(key, given.get(key, "…"), node)):
        return f"unknown key `{key}`: here it is {here}"
    if parent:
        node = OmegaConf.select(node, parent, throw_on_missing=False)
    if not isinstance(node, DictConfig):
        return _unknown_key(parent, overrides, root)
    start = f"{parent}." if parent else ""
    listed = [f"{start}{entry!s}" for entry in node if not str(entry).startswith("_") and entry != "hydra"]
    if not parent:  # groups without an option are not in the configuration
        listed = sorted({*listed, *(folder.name for folder in CONFIG_DIR.iterdir() if folder.is_dir())})
    taken = parameters(node["_target_"]) or {} if "_target_" in node else {}
    if parent.startswith("model") and name in taken and name in metadata_names(root.data["_target_"]):
        return f"`{key}` comes from the data, and the model takes it from there: leave it out"
    if name in taken or not node:
        return f"`{key}` is not in the configuration yet: add it with a plus, +{key}={given.get(key, '…')}"
    return unknown("key", key, {*listed, *(f"{start}{parameter}" for parameter in taken)}, listed)
