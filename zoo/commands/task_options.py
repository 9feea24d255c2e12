"""Command-line words for options that only the model's task knows, which no configuration file lists."""

import difflib
import re
import sys
from pathlib import Path

from omegaconf import DictConfig, OmegaConf

from zoo.errors import ZooError

_WORD = re.compile(r"([A-Za-z_]\w*)=")


def collect_task_options(path: Path) -> None:
    """Rewrite `KEY=VALUE` in `sys.argv` to `+options.KEY=VALUE` if the configuration file has no such key or group.

    The command checks them against the task of its checkpoint once that is loaded.
    """
    config = OmegaConf.load(path)
    groups = {str(group) for entry in config.defaults if not isinstance(entry, str) for group in entry}
    listed = {str(key) for key in config} | groups
    sys.argv[1:] = [
        f"+options.{word}" if (found := _WORD.match(word)) and found[1] not in listed else word for word in sys.argv[1:]
    ]


def refuse_misspelled_keys(config: DictConfig) -> None:
    """Report an option that is a misspelled key of the command, if that key is missing.

    Raises:
        ZooError: names both.
    """
    for key in sorted(OmegaConf.missing_keys(config)):
        for option in difflib.get_close_matches(key, list(config.options), n=1, cutoff=0.6):
            raise ZooError(f"unknown key `{option}`: did you mean `{key}`?")
