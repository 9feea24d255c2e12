"""A small corpus of different documents."""

import random
from pathlib import Path

import pytest

WORDS = [f"{first}{second}" for first in ("ba", "do", "ki", "lu", "me") for second in ("ra", "ta", "no", "si", "po")]


def document(number: int, sentences: int = 12) -> str:
    generator = random.Random(number)
    return "\n".join(" ".join(generator.choices(WORDS, k=9)) for _ in range(sentences))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A file of 20 documents of 12 sentences."""
    path = tmp_path / "corpus.txt"
    path.write_text("\n\n".join(map(document, range(20))))
    return path
