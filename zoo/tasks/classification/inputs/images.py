"""Images as the samples of a classifier."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoo.data.images.base import Preprocessing
from zoo.errors import ZooError
from zoo.prediction.contact_sheet import Caption, write_contact_sheet
from zoo.prediction.images import image_files, read_batches
from zoo.reports.images import draw_images
from zoo.reports.network_sections import filters_section
from zoo.reports.page import Section
from zoo.tasks.card import NO_IMAGES, required_entries
from zoo.tasks.classification.inputs.base import Inputs, SampleBatch
from zoo.tasks.export import Program, image_program


class Images(Inputs):
    """Images [C H W]; the card holds their preprocessing."""

    noun = "images"
    entries = required_entries(Preprocessing)
    shown_as = "Each image shows the predicted class with its confidence, and below it the label of the data set."

    def example(self, batch_size: int) -> tuple[Tensor, ...] | None:
        """Zeros [B C H W] with the channels and size of the preprocessing."""
        preprocessing = self.card.get("preprocessing")
        if preprocessing is None:
            return None
        size = preprocessing["size"]
        return (torch.zeros(batch_size, preprocessing["channels"], size, size),)

    def read(self, source: Any, batch_size: int, preprocessing: Preprocessing | None = None) -> Iterator[SampleBatch]:
        """Reads image files, with another `preprocessing` if given.

        Raises:
            ZooError: the source holds no images, or the model was not trained here.
        """
        preprocessing = preprocessing or self.preprocessing()
        for batch in read_batches(image_files(source), preprocessing, batch_size):
            yield SampleBatch(batch.paths, batch.images, batch.errors)

    def normalize(self, samples: Tensor) -> Tensor:
        """Subtracts the mean and divides by the standard deviation of the card."""
        return self.preprocessing().normalize(samples)

    def preprocessing(self) -> Preprocessing:
        """The preprocessing of the card.

        Raises:
            ZooError: the card has none.
        """
        if "preprocessing" not in self.card:
            raise ZooError(NO_IMAGES)
        return Preprocessing.from_dict(self.card["preprocessing"])

    def write_sheet(self, folder: Path, captions: Sequence[Caption]) -> None:
        """Writes contact_sheet.png."""
        write_contact_sheet(folder / "contact_sheet.png", captions)

    def draw_mistakes(self, folder: Path, samples: Any, titles: Sequence[str]) -> Path:
        """Draws images, each below its title."""
        return draw_images(folder / "mistakes.png", list(as_bytes(samples)), titles)

    def network_sections(self, network: nn.Module, folder: Path) -> list[Section]:
        """The filters of the first convolution."""
        section = filters_section(network, folder)
        return [] if section is None else [section]

    def program(self, network: nn.Module, metadata: Mapping[str, Any], *, with_preprocessing: bool) -> Program:
        """The network, with the normalization in front of it if requested."""
        return image_program(network, metadata, with_preprocessing=with_preprocessing)


def as_bytes(images: Tensor) -> Tensor:
    """Returns images as bytes for display; floats are rescaled from their own range to 0 … 255."""
    if not images.is_floating_point():
        return images.cpu()
    low, high = images.amin(), images.amax()
    return ((images - low) / (high - low).clamp_min(1e-12) * 255).to(torch.uint8).cpu()
