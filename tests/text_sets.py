"""Data modules of texts with small settings."""

from pathlib import Path
from typing import Any

from zoo.config.compose import compose, to_dict
from zoo.data.base import DataModule
from zoo.run.build import build_data

SMALL = {"vocab_size": 120, "length": 32, "batch_size": 4}


def text_files(path: Path, **values: Any) -> DataModule:
    """Texts for pre-training below a path."""
    config = to_dict(compose(["model=bert_tiny", "data=text", f"data.path='{path}'"]))["data"]
    return build_data(config | SMALL | values)


def text_table(path: Path, **values: Any) -> DataModule:
    """Labeled texts of a path."""
    config = to_dict(compose(["model=bert_tiny_classifier", "data=text_table", f"data.path='{path}'"]))["data"]
    return build_data(config | SMALL | values)
