"""Other compiled networks, last: compiling takes longer than measuring."""

from collections.abc import Iterator

from benchmarks.cases import Case
from benchmarks.gpu.inference import image_case
from benchmarks.gpu.networks import BATCHES
from benchmarks.gpu.training import training_case
from benchmarks.settings import Settings


def cases(settings: Settings) -> Iterator[Case]:
    """Training of the networks of the part `networks`, and inference of ResNet-50."""
    for name, batch in BATCHES.items():
        yield training_case(name, settings, batch=batch, compiled=True)
    yield image_case("resnet50", settings, compiled=True)
