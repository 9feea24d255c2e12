"""AlexNet, VGG-16 and GoogLeNet compiled, last: compiling takes longer than measuring."""

from collections.abc import Iterator

from benchmarks.cases import Case
from benchmarks.gpu.networks import BATCHES
from benchmarks.gpu.training import training_case
from benchmarks.settings import Settings


def cases(settings: Settings) -> Iterator[Case]:
    """The networks of the part `networks`."""
    for name, batch in BATCHES.items():
        yield training_case(name, settings, batch=batch, compiled=True)
