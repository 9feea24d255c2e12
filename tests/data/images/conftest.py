"""Fixtures for image folders."""

from pathlib import Path

import pytest
from image_folders import write


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two classes with 10 and 20 images."""
    root = tmp_path / "pets"
    write(root / "cat", 10)
    write(root / "a dog é", 20)
    (root / "README.txt").write_text("no class")
    return root
