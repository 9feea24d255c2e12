"""Command-line options that are defined by the model's task, not by a configuration file."""

import difflib
import re
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from zoo.config.other_words import key_here
from zoo.errors import ZooError

_WITHOUT_DEFAULT = ("checkpoint", "pretrained")  # one or the other is given
_WORD = re.compile(r"([A-Za-z_]\w*)=")


def with_task_options(words: list[str], path: Path) -> list[str]:
    """The words of a command line, with `KEY=VALUE` as `+options.KEY=VALUE` if the file at `path` has no such key.

    The command checks them against the task of its checkpoint once that is loaded.
    """
    config = OmegaConf.load(path)
    groups = {str(group) for entry in config.defaults if not isinstance(entry, str) for group in entry}
    listed = {str(key) for key in config} | groups
    return [f"+options.{word}" if (found := _WORD.match(word)) and found[1] not in listed else word for word in words]


def refuse_misspelled_keys(config: DictConfig) -> None:
    """Reports an option that is a misspelled key of the command, or another tool's word for it, if that is not given.

    Raises:
        ZooError: names both.
    """
    missing = OmegaConf.missing_keys(config) | {str(key) for key in _WITHOUT_DEFAULT if config.get(key, "") is None}
    for option, value in config.options.items():
        if option == "model":  # of the catalog, with `pretrained`
            continue
        if (key := key_here(str(option), dict.fromkeys(missing))) is not None:
            raise ZooError(f"unknown key `{option}`: here it is {key}={value}")
    for key in sorted(missing):
        for option in difflib.get_close_matches(
            key, [each for each in config.options if each != "model"], n=1, cutoff=0.6
        ):
            raise ZooError(f"unknown key `{option}`: did you mean `{key}`?")
