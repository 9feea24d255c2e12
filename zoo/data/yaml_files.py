"""Reads YAML of a data set, whose author may be anybody."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from zoo.errors import ZooError
from zoo.regular_files import read_text

_LARGEST = 1 << 19  # bytes; PyYAML reads some 100 kB a second
_DEPTH = 20


def read_yaml(file: Path) -> Any:
    """Reads plain containers of text: a class called `no` or `007` keeps its name.

    Raises:
        ZooError: no YAML, more than half a megabyte, aliases, whose expansion has no end, or deep nesting.
    """
    import yaml

    return _parsed(read_text(file, limit=_LARGEST), file, lambda text: _plain(yaml.compose(text, yaml.BaseLoader)))


def front_matter(file: Path) -> tuple[Any, str]:
    """Reads the YAML between the first two lines `---` of a Markdown file, with its types, and the text below.

    Raises:
        ZooError: as `read_yaml`.
    """
    import yaml

    content = read_text(file, limit=_LARGEST).replace("\r\n", "\n")
    _, front, text = f"{content}---\n---\n".split("---\n", 2)
    return _parsed(front, file, yaml.safe_load), text.removesuffix("---\n---\n").strip()


def _parsed(text: str, file: Path, load: Callable[[str], Any]) -> Any:
    import yaml

    depth = 0
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):  # a state machine: nesting costs it nothing
            depth += isinstance(event, yaml.CollectionStartEvent)
            depth -= isinstance(event, yaml.CollectionEndEvent)
            if isinstance(event, yaml.AliasEvent) or depth > _DEPTH:
                what = "uses aliases" if depth <= _DEPTH else f"is nested more than {_DEPTH} deep"
                raise ZooError(f"{file} {what}: write its values out")
        return load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ZooError(f"{file} is no YAML: {' '.join(str(error).split())[:200]}") from None


def _plain(node: Any) -> Any:
    """A node of YAML as text or a container."""
    if node is None or isinstance(node.value, str):
        return node and node.value
    if node.id == "sequence":
        return [_plain(part) for part in node.value]
    pairs = [(_plain(key), _plain(value)) for key, value in node.value]
    keys = [str(key) for key, _ in pairs]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ValueError(f"the key {twice} is there twice")
    return dict(zip(keys, [value for _, value in pairs], strict=True))
