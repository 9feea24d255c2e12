"""Reads the class names of a YOLO set."""

import re
from pathlib import Path
from typing import Any

from zoo.data.yaml_files import read_yaml
from zoo.errors import ZooError
from zoo.regular_files import read_text

_TEXTS = ("classes.txt", "names.txt", "labels/classes.txt", "obj.names", "labels.txt", "_darknet.labels")
"""As LabelImg, Label Studio, CVAT and Roboflow call them."""


def yolo_classes(root: Path) -> list[str]:
    """Reads class names from `classes.txt`, `obj.names` and the like, or from the `names` of a YAML file.

    Raises:
        ZooError: no such file, several files with different names, or ids without a unique name.
    """
    texts = [root / name for name in _TEXTS] + sorted(root.glob("*.names"))
    found = {file: names for file in texts if file.is_file() and (names := _lines(file))}
    found |= {file: names for file in _yaml_files(root) if (names := _names(file))}
    if len(set(map(tuple, found.values()))) > 1:
        given = ", ".join(file.relative_to(root).as_posix() for file in found)
        raise ZooError(f"{root} has several files with class names, which differ: {given}: keep one")
    for names in found.values():
        return names
    raise ZooError(f"{root} has no class names: write them into {root / 'classes.txt'}, one a line, class 0 first")


def yolo_keypoints(root: Path) -> int:
    """The number of values that follow the box in a line of a pose set, as `kpt_shape` states; 0 without."""
    for file in _yaml_files(root):
        content = read_yaml(file)
        shape = content.get("kpt_shape") if isinstance(content, dict) else None
        if isinstance(shape, list) and len(shape) == 2 and all(str(side).isdecimal() for side in shape):
            return int(shape[0]) * int(shape[1])
    return 0


def _yaml_files(root: Path) -> list[Path]:
    """`data.yaml` or `dataset.yaml` where there is one, else all YAML files."""
    files = [file for name in ("data", "dataset") for file in (root / f"{name}.yaml", root / f"{name}.yml")]
    return [file for file in files if file.is_file()][:1] or sorted([*root.glob("*.yaml"), *root.glob("*.yml")])


def _lines(file: Path) -> list[str]:
    lines = [line.strip() for line in read_text(file).rstrip().splitlines()]
    if "" in lines:
        raise ZooError(f"{file}: line {lines.index('') + 1} is empty, where line n names class n - 1")
    numbered = [re.fullmatch(r"(\d+)\s*[:,\s]\s*(\S.*)", line) for line in lines]
    if [match and int(match[1]) for match in numbered] == list(range(len(lines))):
        return [match[2] for match in numbered if match]
    return lines


def _names(file: Path) -> list[str]:
    """The class names of a YAML file; empty if it has none."""
    content = read_yaml(file)
    if not isinstance(content, dict):
        return []
    names = content.get("names")
    listed = [str(name) for name in names] if isinstance(names, list) else []
    found = _by_id(names, file) if isinstance(names, dict) else listed
    if found and str(content.get("nc", len(found))).strip() != str(len(found)):
        raise ZooError(f"{file}: `nc` is {content['nc']}, and `names` has {len(found)}: {', '.join(found[:8])}")
    return found


def _by_id(names: dict[Any, Any], file: Path) -> list[str]:
    try:
        ids = {int(key): str(name) for key, name in names.items()}
    except (TypeError, ValueError):
        ids = {}
    if sorted(ids) != list(range(len(names))):
        given = ", ".join(map(str, names))
        raise ZooError(f"{file}: the ids of `names` (={given}) must be 0 to {len(names) - 1}, each once")
    return [ids[i] for i in range(len(ids))]
