"""The base class of the samples that a classifier reads."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from torch import Tensor, nn

from zoo.prediction.contact_sheet import Caption
from zoo.prediction.images import ImageSource
from zoo.prediction.sources import resolve_source
from zoo.reports.page import Section
from zoo.tasks.export import Program


class SampleBatch(NamedTuple):
    """A batch of files in order: the readable samples, and the errors of the other files."""

    paths: Sequence[ImageSource]
    samples: Tensor
    errors: Mapping[ImageSource, str]


class Inputs(ABC):
    """Samples of one kind: how a prediction reads them, how a report shows them, what an export takes."""

    noun: ClassVar[str]
    """The plural in a report, such as `images`."""
    shown_as: ClassVar[str]
    """How a report draws a sample, in a sentence."""

    entries: ClassVar[tuple[str, ...]]
    """Of the preprocessing in a card."""

    def __init__(self, card: Mapping[str, Any]) -> None:
        self.card = card

    @abstractmethod
    def example(self, batch_size: int) -> tuple[Tensor, ...] | None:
        """Zeros in the shape of the network's input; None if the card does not tell it."""

    def resolve(self, source: Any) -> Any:
        """Turns what a user gives into what `read` takes.

        Raises:
            ZooError: nothing has this name, or such samples are not read from it.
        """
        return resolve_source(source)

    @abstractmethod
    def read(self, source: Any, batch_size: int) -> Iterator[SampleBatch]:
        """Reads files as the network's data was read.

        Raises:
            ZooError: the source holds no such files, or the model was not trained here.
        """

    @abstractmethod
    def normalize(self, samples: Tensor) -> Tensor:
        """Turns samples, on any device, into the network's input."""

    @abstractmethod
    def write_sheet(self, folder: Path, captions: Sequence[Caption]) -> None:
        """Draws the files of a prediction with their captions into `folder`."""

    @abstractmethod
    def draw_mistakes(self, folder: Path, samples: Any, titles: Sequence[str]) -> Path:
        """Draws samples of the test split, each with its title."""

    def remark(self, samples: Any, names: Sequence[str]) -> str:
        """A sentence about drawn samples that show nothing, by their names; empty without one."""
        return ""

    @abstractmethod
    def network_sections(self, network: nn.Module, folder: Path) -> list[Section]:
        """What the first layer of a network has learned; empty if it cannot be shown."""

    @abstractmethod
    def program(self, network: nn.Module, metadata: Mapping[str, Any], *, with_preprocessing: bool) -> Program:
        """The program to export.

        Raises:
            ZooError: such a network cannot be exported.
        """
