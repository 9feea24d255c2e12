"""Volumes as the samples of a classifier."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from zoo.data.volumes.base import VolumePreprocessing, is_empty, unit_range
from zoo.data.volumes.files import VOLUMES
from zoo.errors import ZooError
from zoo.prediction.contact_sheet import Caption
from zoo.prediction.images import ImageSource
from zoo.prediction.sources import files_below, resolve_source
from zoo.prediction.volumes import VolumeBatch, read_resized, read_volumes
from zoo.reports.page import Section
from zoo.reports.volumes import draw_volumes, filters_3d_section
from zoo.tasks.card import required_entries
from zoo.tasks.classification.inputs.base import Inputs, SampleBatch
from zoo.tasks.export import Program

_SHOWN = 24
_TITLE = 30


class Volumes(Inputs):
    """Volumes [C D H W]; the card holds their preprocessing."""

    noun = "volumes"
    entries = required_entries(VolumePreprocessing)
    shown_as = (
        "Each row of four has a view of the surface, titled with the predicted class, its confidence and the label of "
        "the data set, and the maxima along depth, height and width."
    )
    files = VOLUMES
    read_file = staticmethod(read_resized)

    def example(self, batch_size: int) -> tuple[Tensor, ...] | None:
        """Zeros [B C D H W] with the channels and size of the preprocessing."""
        if "preprocessing" not in self.card:
            return None
        preprocessing = self.preprocessing()
        return (torch.zeros(batch_size, preprocessing.channels, *preprocessing.size),)

    def preprocessing(self) -> VolumePreprocessing:
        """The preprocessing of the card."""
        return VolumePreprocessing.from_dict(self.card["preprocessing"])

    def resolve(self, source: Any) -> Any:
        """Returns the paths of a path, of a pattern, or of a list of them.

        Raises:
            ZooError: nothing has this name, or the source is in memory.
        """
        for part in source if isinstance(source, list | tuple) else [source]:
            if not isinstance(part, str | Path):
                endings = " ".join(self.files.extensions)
                raise ZooError(
                    f"this model reads {self.files.noun} from files ({endings}), and the source is a "
                    f"{type(part).__name__}: call the model on a normalized batch [B C D H W] instead"
                )
        return resolve_source(source)

    def read(self, source: Any, batch_size: int) -> Iterator[SampleBatch]:
        """Reads volume files.

        Raises:
            ZooError: the source holds no volumes.
        """
        parts = source if isinstance(source, list) else [source]
        files = [file for part in parts for file in files_below(self.files, part)]
        for batch in self._batches(files, batch_size):
            errors: dict[ImageSource, str] = dict(batch.errors.items())
            yield SampleBatch(batch.paths, batch.volumes, errors)

    def normalize(self, samples: Tensor) -> Tensor:
        """Subtracts the mean and divides by the standard deviation of the card."""
        return self.preprocessing().normalize(samples)

    def write_sheet(self, folder: Path, captions: Sequence[Caption]) -> None:
        """Writes volumes.png, with three projections and a rendered view of the first 24 readable files."""
        shown = [caption for caption in captions if not caption.warning][:_SHOWN]
        paths = [caption.path for caption in shown if isinstance(caption.path, Path)]
        titles = [f"{caption.detail[-_TITLE:]}\n{caption.title}" for caption in shown]
        for batch in self._batches(paths, max(len(paths), 1)):
            draw_volumes(folder / "volumes.png", [*unit_range(batch.volumes)], titles)

    def draw_mistakes(self, folder: Path, samples: Any, titles: Sequence[str]) -> Path:
        """Draws volumes as three projections and a rendered view, one per row."""
        return draw_volumes(folder / "mistakes.png", [*unit_range(samples.float().cpu())], titles)

    def remark(self, samples: Any, names: Sequence[str]) -> str:
        """Names empty volumes."""
        found = [name for name, empty in zip(names, is_empty(samples).tolist(), strict=True) if empty]
        return f" Empty, with one value in all voxels, so that nothing is drawn: {', '.join(found)}." if found else ""

    def network_sections(self, network: nn.Module, folder: Path) -> list[Section]:
        """The filters of the first 3-D convolution."""
        section = filters_3d_section(network, folder)
        return [] if section is None else [section]

    def program(self, network: nn.Module, metadata: Mapping[str, Any], *, with_preprocessing: bool) -> Program:
        """The network, with the normalization in front of it if requested."""
        preprocessing = self.preprocessing()
        module: nn.Module = VolumeProgram(network, preprocessing) if with_preprocessing else network
        shape = (preprocessing.channels, *preprocessing.size)
        mean, std = (torch.tensor(values).view(-1, 1, 1, 1) for values in (preprocessing.mean, preprocessing.std))

        def noise(batch: int) -> Tensor:
            normal = torch.randn(batch, *shape, generator=torch.Generator().manual_seed(batch))
            return normal * std + mean if with_preprocessing else normal

        return Program(module=module, inputs=noise, metadata={**metadata, "normalizes": with_preprocessing})

    def _batches(self, files: Sequence[Path], batch_size: int) -> Iterator[VolumeBatch]:
        return read_volumes(files, self.preprocessing(), batch_size, self.read_file)


class VolumeProgram(nn.Module):
    """A network of volumes with their normalization in front."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, preprocessing: VolumePreprocessing) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(preprocessing.mean).view(1, -1, 1, 1, 1))
        self.register_buffer("std", torch.tensor(preprocessing.std).view(1, -1, 1, 1, 1))

    def forward(self, volumes: Tensor) -> Any:
        """Returns the logits of volumes with the values of their files."""
        return self.network((volumes - self.mean) / self.std)
