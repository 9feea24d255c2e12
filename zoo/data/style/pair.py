"""One content image and one style or several, for style transfer by optimization."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from zoo.data.options import require_count
from zoo.data.style.base import StyleData
from zoo.data.style.named import named_picture
from zoo.errors import ZooError


class PairBatch(NamedTuple):
    """What an image is optimized for: a content and a style or several, in [0, 1]."""

    content: Float[Tensor, "1 3 h w"]
    styles: list[Tensor]
    blend: list[float]


class OnePair:
    """The same batch for every index; `count` of them are an epoch."""

    in_memory = True

    def __init__(self, batch: PairBatch, count: int) -> None:
        self.batch = batch
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, indices: Tensor) -> PairBatch:
        return self.batch


@dataclass(kw_only=True, eq=False)
class StylePair(StyleData):
    """A content image and its styles.

    `content` is a file, or `china` or `flower` of scikit-learn. `steps` of the optimizer are an epoch, after which the
    image is measured, saved and reported.

    Raises:
        ZooError: no steps, or the content is also the style.
    """

    feeds = frozenset({"style transfer"})

    content: str
    steps: int
    batch_size: int = field(default=1, init=False)
    num_workers: int | Literal["auto"] = field(default=0, init=False)

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("steps", self.steps)

    def load(self) -> dict[str, Any]:
        """The same pair in all splits."""
        content = named_picture("data.content", self.content, self.image_size)
        styles = self.styles()
        for name, style in zip(self.style_names, styles, strict=True):
            if style.shape == content.shape and torch.equal(style, content):
                raise ZooError(f"`data.style` (={name}) is the content image: there is no style to transfer")
        self._batch = PairBatch(content, styles, self.blend)
        counts = {"train": self.steps, "val": 1, "test": 1}
        return {split: OnePair(self._batch, count) for split, count in counts.items()}

    def metadata(self) -> dict[str, Any]:
        """Height and width of the content, and the statistics of the feature network."""
        self.setup()
        height, width = self._batch.content.shape[-2:]
        return super().metadata() | {"height": height, "width": width}
