"""ResNet-50, the published measure of a training loop."""

from collections.abc import Iterator

from benchmarks.cases import Case
from benchmarks.gpu.training import training_case
from benchmarks.settings import Settings


def cases(settings: Settings) -> Iterator[Case]:
    """As it is, and compiled, as for long runs."""
    yield training_case("resnet50", settings, batch=256, compiled=False)
    yield training_case("resnet50", settings, batch=256, compiled=True)
