"""Checks the hashes of published weights."""

from pathlib import Path

from zoo.errors import ZooError
from zoo.pretrained.published import Weights, published
from zoo.remote.download import fetch
from zoo.run.catalog import list_models, published_as


def check_published() -> bool:
    """Downloads each file unless it is there, and compares its hash; prints a line for each."""
    right = True
    files: dict[Path, Weights] = {}
    for model in list_models():
        files |= {entry.file: entry for entry in published(published_as(model)).values()}
    for file, entry in sorted(files.items()):
        try:
            fetch(file, url=entry.url, sha256=entry.sha256)
            print(f"{file.name}: hash right")
        except ZooError as error:
            print(f"{file.name}: {error}")
            right = False
    return right
