"""Results of style transfer on files, and the files that they are written to."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jaxtyping import Float, UInt8
from torch import Tensor
from torchvision.transforms.v2.functional import to_pil_image

from zoo.csv_files import write_csv
from zoo.data.style.pictures import to_bytes
from zoo.json_files import write_json
from zoo.prediction.images import ImageSource, unused_path


@dataclass(frozen=True)
class StylePrediction:
    """A restyled image."""

    path: ImageSource
    picture: UInt8[Tensor, "3 h w"] | None = None
    file: Path | None = None
    """Where it was written."""
    cost: float | None = None
    """Content, style and variation together, before colors are kept; None for frames of a video."""
    seconds: float | None = None
    frame: int | None = None
    """The number of the frame of a video, from 0."""
    error: str | None = None
    """Why the file could not be read."""


class Writer:
    """Writes images below `images` of a folder, and the tables; nothing without a folder."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        if folder is not None:
            (folder / "images").mkdir(parents=True, exist_ok=True)

    def written(
        self, path: ImageSource, picture: Float[Tensor, "1 3 h w"], cost: float | None, seconds: float
    ) -> StylePrediction:
        """Writes an image and returns its result."""
        pixels, file = to_bytes(picture), None
        if self.folder is not None:
            file = unused_path(self.folder / "images", path.stem)
            to_pil_image(pixels).save(file)
        return StylePrediction(path, pixels, file, cost, seconds)

    def finish(self, results: Sequence[StylePrediction]) -> None:
        """Writes predictions.csv and predictions.json."""
        if self.folder is None:
            return
        names = ("path", "frame", "file", "cost", "seconds", "error")
        rows = [{name: getattr(result, name) for name in names} for result in results]
        for row in rows:
            row |= {"path": str(row["path"]), "file": None if row["file"] is None else str(row["file"])}
        write_csv(
            self.folder / "predictions.csv",
            [*names],
            [["" if v is None else str(v) for v in row.values()] for row in rows],
        )
        write_json(self.folder / "predictions.json", rows)
