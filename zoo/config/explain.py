"""One-line messages for errors of Hydra and OmegaConf."""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from hydra.errors import MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf

from zoo.config.listing import CONFIG_DIR, list_options
from zoo.config.other_words import advice, unread
from zoo.config.signatures import metadata_names, parameters
from zoo.config.validate import settable
from zoo.distribution import install_command
from zoo.errors import ZooError, unknown

_LISTS = ("callbacks", "logger")  # groups of which several options may be chosen
_CURLY_QUOTES = "“”„‘’«»"  # of text processors
Compose = Callable[[Sequence[str]], DictConfig]


def explain(error: Exception, overrides: Sequence[str], compose: Compose) -> str:
    """Returns a one-line message for an error; `compose` composes the same command from other overrides."""
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, option = error.missing_cfg_file.rpartition("/")
        if option.split("_")[0] in ("optuna", "joblib", "submitit"):
            return f"{group}={option} needs a plugin of Hydra, which is not installed: {install_command('sweep')}"
        for word in overrides:
            chosen, _, value = word.lstrip("+").partition("=")
            if f"{chosen}/{value}" == error.missing_cfg_file:
                return _unknown_option(chosen, value, error.options or list_options(chosen))
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
        return _with_a_comma(ambiguous[1])
    if refused := re.search(r"[Cc]ould not override '([^'@]+)'", text):
        try:
            return _unknown_key(refused[1], overrides, _configuration(error, refused[1], overrides, compose))
        except ZooError:  # an option from the user's `--config-dir`, which `compose` does not search
            return unknown("key", refused[1], [])
    if refused := re.search(r"Could not append to config. An item is already at '([^']+)'", text):
        return f"`{refused[1]}` exists already: leave out the + before it"
    return first_line(error)


@contextmanager
def explained_data_task(option: str) -> Iterator[None]:
    """Ends the message of a wrong model with what the data makes of it; `option` is that of the group `data_task`."""
    try:
        yield
    except ZooError as error:
        if "`model." not in str(error) or option not in list_options("data_task"):
            raise
        raise ZooError(
            f"{error}; data={option} trains the networks of image classifiers, such as model=resnet18"
        ) from None


def refused_options(words: Sequence[str]) -> str | None:
    """Returns a message for the first word that is not passed to Hydra, or None.

    That is an option of a group that is a list, a file name, or named twice, and the flag for a pickled configuration,
    whose reading runs code from the file.

    >>> refused_options(["callbacks=[ema]", "model=[lenet5,vgg11]"])
    '`model` (=[lenet5,vgg11]): a group takes the name of one option; -m model=lenet5,vgg11 runs once for each'
    """
    for word in words:
        if word[:1] in _CURLY_QUOTES:
            return f"`{word}` has typographic quotes: write {word.strip(_CURLY_QUOTES)}, with plain quotes where needed"
        group, _, value = word.partition("=")
        if group == "--experimental-rerun":
            return f"`{group}` runs code from a file: repeat the words in .hydra/overrides.yaml of the run"
        if not group and value:
            return f"`{word}` is not of the form KEY=VALUE, without spaces"
        if not group or not (CONFIG_DIR / group).is_dir():
            continue
        if value.startswith("[") and group not in _LISTS:
            return f"`{group}` (={value}): {_one_option(group, value.strip('[]').replace(' ', ''))}"
        names = value.strip("[]").replace(" ", "").split(",")
        if twice := next((name for name in names if name and names.count(name) > 1), None):
            return f"`{group}` (={value}) names {twice} twice: once is enough"
        if value.startswith("{"):
            return f"`{group}` (={value}): a group takes the name of one option; {group}.KEY=VALUE changes a value"
        stem, _, ending = value.rpartition(".")
        if ending in ("yaml", "yml") and stem in list_options(group):
            return f"`{group}` (={value}): leave out the ending, {group}={stem}"
    return None


def _one_option(group: str, several: str) -> str:
    return f"a group takes the name of one option; -m {group}={several} runs once for each"


def _unknown_option(group: str, option: str, options: Sequence[str]) -> str:
    names = ", ".join(options)
    if not option:
        return f"`{group}=` names no option; there are: {names}"
    if "/" in option or "\\" in option:
        own = f" data=image_folder data.root={option}, or another of" if group == "data" else ""
        return f"`{group}` (={option}) is a path, and the name of an option is expected:{own} {names}"
    return unknown(group, option, options)


def _with_a_comma(word: str) -> str:
    key, _, value = word.partition("=")
    if key in _LISTS:
        return f"`{word}` has a comma: write several options as {key}=[{value}]"
    if (CONFIG_DIR / key).is_dir():
        return f"`{word}` has a comma: {_one_option(key, value)}"
    if re.fullmatch(r"[-+\d.]+,[\d.]+", value):
        return f"`{word}` has a comma: write a number without one, such as 1000 or 0.5; -m runs once for each value"
    return f"`{word}` has a comma: {_quoted(word)}; a list is [a,b], and -m runs once for each value"


def _quoted(word: str) -> str:
    key, _, value = word.partition("=")
    escaped = value.replace("'", "\\'")
    return f"quote a text twice, \"{key}='{escaped}'\""


def _without_a_value(word: str) -> str:
    groups = [folder.name for folder in CONFIG_DIR.iterdir() if folder.is_dir()]
    found = [f"{group}={word}" for group in sorted(groups) if word in list_options(group)]
    return f"`{word}` is not of the form KEY=VALUE, without spaces" + (
        f": did you mean {' or '.join(found)}?" if found else ""
    )


def first_line(error: Exception) -> str:
    """Returns the first line of an error's message, or the name of its class."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _configuration(error: Exception, key: str, overrides: Sequence[str], compose: Compose) -> Any:
    """The configuration that lacks the key: OmegaConf's error holds it; else it is composed, which takes 0.3 s."""
    node = getattr(error.__cause__, "parent_node", None)
    if node is not None:
        root, parent = node._get_root(), key.rpartition(".")[0]
        if not parent or OmegaConf.select(root, parent, throw_on_missing=False) != {}:
            return root  # else Hydra may have put {} in place of a number, to add a key below it
    groups = [word for word in overrides if (CONFIG_DIR / word.partition("=")[0]).is_dir()]
    return compose([word for word in groups if word.partition("=")[0] != key])  # without a group of another command


def _unknown_key(key: str, overrides: Sequence[str], root: Any) -> str:
    """Explains a key that is not in the configuration: how to add it if its class accepts it, else the known keys."""
    if message := unread(key):
        return message
    parent, _, name = key.rpartition(".")
    node = root
    given = dict(word.lstrip("+").split("=", 1) for word in overrides if "=" in word)
    if not parent and (here := advice(key, given.get(key, "…"), node)):
        return f"unknown key `{key}`: here it is {here}"
    if parent:
        node = OmegaConf.select(node, parent, throw_on_missing=False)
    if not isinstance(node, DictConfig):
        above = OmegaConf.select(root, parent.rpartition(".")[0], throw_on_missing=False) if "." in parent else root
        if isinstance(above, DictConfig) and parent.rpartition(".")[2] in list(above):
            return f"`{parent}` (={'null' if node is None else node}) is one value, without keys: write {parent}=…"
        return _unknown_key(parent, overrides, root)
    start = f"{parent}." if parent else ""
    listed = [f"{start}{entry!s}" for entry in node if not str(entry).startswith("_") and entry != "hydra"]
    if not parent and "optimizer" in node:  # a training, in which groups without an option are not keys
        listed = sorted({*listed, *(folder.name for folder in CONFIG_DIR.iterdir() if folder.is_dir())})
    taken = parameters(node["_target_"]) or {} if "_target_" in node else {}
    if parent.startswith("model") and name in taken and name in metadata_names(root.data["_target_"]):
        return f"`{key}` comes from the data, and the model takes it from there: leave it out"
    if name in taken or not node:
        return f"`{key}` is not in the configuration yet: add it with a plus, +{key}={given.get(key, '…')}"
    others = options_with(parent, name)
    if others and "_target_" not in node:  # of a checkpoint's data
        return f"`{key}` is not in the configuration yet: add it with a plus, +{key}={given.get(key, '…')}"
    message = unknown("key", key, {*listed, *(f"{start}{each}" for each in settable(node, taken))}, listed)
    if others and "did you mean" not in message:
        known = f"{parent}={', '.join(others)} {'have' if others[1:] else 'has'} it; here there are: "
        return message.replace("there are: ", known)
    return message


def options_with(group: str, key: str) -> list[str]:
    """Returns the options of a group whose files list a key."""
    if "." in group or not group:
        return []
    files = {name: CONFIG_DIR / group / f"{name}.yaml" for name in list_options(group)}
    return [name for name, file in files.items() if re.search(rf"^{re.escape(key)}:", file.read_text("utf-8"), re.M)]
