"""ResNet-50, the published measure of a training loop, then AlexNet, VGG-16 and GoogLeNet."""

from collections.abc import Iterator

from benchmarks.cases import Case
from benchmarks.gpu.training import training_case
from benchmarks.settings import Settings

BATCHES = {"resnet50": 256, "alexnet": 512, "vgg16": 128, "googlenet": 512}


def cases(settings: Settings) -> Iterator[Case]:
    """Each network as it is; the part `compiled` compiles them."""
    for name, batch in BATCHES.items():
        yield training_case(name, settings, batch=batch, compiled=False)
