"""The language reference that Python carries: available offline."""

from collections.abc import Iterable
from dataclasses import dataclass
from pydoc_data.topics import topics

from zoo.data.text.corpus import Document
from zoo.data.text.pretraining import PretrainingText
from zoo.data.text.sentences import sentences_of


@dataclass(kw_only=True, eq=False)
class StdlibText(PretrainingText):
    """The topics of Python's `help`, about 0.4 million characters: a document for each.

    Topics quote each other. A paragraph is kept in the first topic that has it, so that no test paragraph is trained
    on. The text depends on the version of Python.
    """

    def documents(self) -> Iterable[Document]:
        """The paragraphs of each topic, split into sentences."""
        documents, known = [], set()
        for topic in sorted(topics):
            document: Document = []
            for paragraph in topics[topic].split("\n\n"):
                text = " ".join(paragraph.split())
                if text not in known:
                    known.add(text)
                    document += sentences_of(text, "punctuation")
            documents.append(document)
        return documents

    @property
    def source(self) -> str:
        """What the documents are called in messages."""
        return "the language reference"
