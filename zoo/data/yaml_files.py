"""Reads YAML of a data set, whose author may be anybody."""

from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import read_text

_LARGEST = 1 << 19  # bytes; PyYAML reads some 100 kB a second
_DEPTH = 20


def read_yaml(file: Path) -> Any:
    """Reads plain containers.

    Raises:
        ZooError: no YAML, more than half a megabyte, aliases, whose expansion has no end, or deep nesting.
    """
    import yaml
    from omegaconf import OmegaConf
    from omegaconf.errors import OmegaConfBaseException

    data, depth = read_text(file, limit=_LARGEST), 0
    try:
        for event in yaml.parse(data, Loader=yaml.SafeLoader):  # a state machine: nesting costs it nothing
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _DEPTH:
                what = "uses aliases" if depth <= _DEPTH else f"is nested more than {_DEPTH} deep"
                raise ZooError(f"{file} {what}: write its values out")
        return OmegaConf.to_container(OmegaConf.create(data))  # refuses a key that is there twice
    except (yaml.YAMLError, OmegaConfBaseException, ValueError, RecursionError) as error:
        raise ZooError(f"{file} is no YAML: {' '.join(str(error).split())[:200]}") from None
