"""Your own texts for pre-training: a file, or a folder of files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from zoo.data.text.corpus import Document
from zoo.data.text.documents import Boundary, DocumentFiles, find_text_files
from zoo.data.text.pretraining import PretrainingText
from zoo.data.text.sentences import Rule
from zoo.errors import ZooError


@dataclass(kw_only=True, eq=False)
class TextFiles(PretrainingText):
    """Documents of txt, md and jsonl files (also .gz) in UTF-8, at `path` or below it.

    A document ends at a `blank_line`, at each `line`, or with the `file`; each record of a JSON-lines file is one, with
    its text under `key`. A sentence is a line, or ends at `punctuation`. Files are read in a stream and their tokens
    lie in a temporary file, so that a corpus may exceed memory.

    Raises:
        ZooError: an unknown boundary or rule.
    """

    path: str
    document: Boundary
    sentence: Rule
    key: str

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value, known in (("document", self.document, Boundary), ("sentence", self.sentence, Rule)):
            if value not in get_args(known):
                raise ZooError(f"`data.{name}` (={value}) must be one of: {', '.join(get_args(known))}")

    def documents(self) -> Iterable[Document]:
        """The documents of the files in the order of their names."""
        files = find_text_files(Path(self.path).expanduser())
        return DocumentFiles(files=files, boundary=self.document, rule=self.sentence, key=self.key)

    @property
    def source(self) -> str:
        """What the documents are called in messages."""
        return self.path
