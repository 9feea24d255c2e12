"""Style transfer by optimization: the pixels of an image are the parameters."""

from pathlib import Path
from typing import Any, ClassVar, Literal, cast

import torch
from jaxtyping import Float
from pytorch_lightning.utilities.rank_zero import rank_zero_only
from torch import Tensor, nn
from torchvision.transforms.v2.functional import to_pil_image

from zoo.data.base import DataModule
from zoo.data.style.pair import PairBatch
from zoo.data.style.pictures import read_picture, resized, to_bytes
from zoo.errors import ZooError
from zoo.losses.perceptual import Costs, Maps
from zoo.networks.stylization import Picture
from zoo.tasks.stages import Stage
from zoo.tasks.style.base import StyleTask
from zoo.tasks.style.colors import keep_colors
from zoo.tasks.style.costs import values_of
from zoo.tasks.style.descent import Descent, optimize

STARTS = ("content", "noise")


class StyleTransfer(StyleTask):
    """An image with the content of one image and the style of others.

    Gatys, Ecker and Bethge, Image Style Transfer Using Convolutional Neural Networks, 2016.

    `start` is content, noise or a file. `coarse_levels` images of half, a quarter, … of the size are optimized first,
    with `coarse_steps` steps of L-BFGS each, from the smallest to the start of the largest. `original_colors` keeps the
    colors of the content in the images that are written; the costs are those of the image before.

    Raises:
        ZooError: an unknown start, or a negative number of levels or steps.
    """

    kind = "style transfer"
    monitor = "val/cost"
    monitor_mode: ClassVar[Literal["min", "max"]] = "min"

    first_cost: Tensor
    """The cost of the first image."""

    def __init__(
        self,
        *,
        network: nn.Module,
        loss: nn.Module,
        start: str,
        coarse_levels: int,
        coarse_steps: int,
        original_colors: bool,
    ) -> None:
        super().__init__(network=network, loss=loss)
        if not isinstance(network, Picture):
            raise ZooError("style transfer by optimization needs the network Picture")
        if not 0 <= coarse_levels <= 4 or coarse_steps < 1:
            raise ZooError(
                f"`model.coarse_levels` (={coarse_levels}) must lie in 0 … 4, and `model.coarse_steps` "
                f"(={coarse_steps}) be at least 1"
            )
        self.start = start
        self.coarse_levels, self.coarse_steps = coarse_levels, coarse_steps
        self.original_colors = original_colors
        self.automatic_optimization = False
        self.register_buffer("first_cost", torch.zeros(()))
        self._descent: Descent | None = None
        self._content: Maps | None = None

    @property
    def picture(self) -> Float[Tensor, "1 3 h w"]:
        """The image as it is, in [0, 1]."""
        return cast(Tensor, self.network()).detach().clamp(0, 1)

    def network_inputs(self, batch: Any) -> tuple[Any, ...]:
        """None: the image is the network."""
        return ()

    def num_samples(self, batch: Any) -> int:
        """One image."""
        return 1

    def setup(self, stage: str) -> None:
        """Takes the style and the first image from the data; a resumed run then restores its own."""
        self._descent, self._content = None, None
        data = getattr(self.trainer, "datamodule", None)
        if stage == "fit" and isinstance(data, DataModule):
            self.note_weights()
            batch: PairBatch = data.dataset("train")[torch.zeros(1, dtype=torch.long)]
            self.prepare([batch.content], batch.styles, batch.blend)
            with torch.no_grad():
                self.pixels.copy_(self._first(batch.content)[0])

    @property
    def pixels(self) -> nn.Parameter:
        """The parameters."""
        return cast(Picture, self.network).pixels

    def _first(self, content: Tensor) -> Tensor:
        if self.start == "content":
            return content
        if self.start == "noise":
            return torch.rand_like(content)
        if not Path(self.start).expanduser().is_file():
            raise ZooError(f"`model.start` (={self.start}) must be content, noise, or an existing file")
        size = max(content.shape[-2:])
        return resized(read_picture(Path(self.start).expanduser(), size), [*content.shape[-2:]])

    def on_train_start(self) -> None:
        """Optimizes small images first if requested."""
        data = getattr(self.trainer, "datamodule", None)
        if self.trainer.global_step or not self.coarse_levels or not isinstance(data, DataModule):
            return
        batch: PairBatch = data.dataset("train")[torch.zeros(1, dtype=torch.long)]
        content, picture = batch.content.to(self.device), self.picture
        for level in range(self.coarse_levels, 0, -1):
            sides = [max(side >> level, 32) for side in content.shape[-2:]]
            found = optimize(self.perceptual, resized(content, sides), resized(picture, sides), steps=self.coarse_steps)
            picture = found.picture
            before, after = (float(found.costs[place].total) for place in (0, -1))
            rank_zero_only(print)(f"coarse image {sides[1]}×{sides[0]}: cost {before:.4g} → {after:.4g}")
        with torch.no_grad():
            self.pixels.copy_(resized(picture, [*content.shape[-2:]])[0])

    def training_step(self, batch: PairBatch, batch_idx: int) -> None:  # type: ignore[override]
        """Takes one step on the pixels."""
        if self._descent is None:
            self._descent = Descent(self.pixels, lambda picture: self._costs(batch, picture))
        optimizer: Any = self.optimizers()
        costs = self._descent.step(optimizer.optimizer, lambda closure: optimizer.step(closure=closure))
        if self.trainer.global_step <= 1:  # counted by the step
            self.first_cost.copy_(costs.total)
        self._update(costs, "train")
        schedule: Any = self.lr_schedulers()
        if schedule is not None:
            schedule.step()

    def step(self, batch: PairBatch, stage: Stage) -> Tensor:
        """The cost of the image."""
        costs = self._costs(batch, self.network() if stage == "train" else self.picture)
        for name, value in values_of(costs).items():
            self.metrics[stage][name].update(value, 1)
        return costs.total

    def _costs(self, batch: PairBatch, picture: Tensor) -> Costs:
        if self._content is None or next(iter(self._content.values())).device != batch.content.device:
            self._content = self.perceptual.content(batch.content)
        costs: Costs = self.loss(picture, self._content)
        return costs

    def _update(self, costs: Costs, stage: Stage) -> None:
        for name, value in {**values_of(costs), "loss": costs.total}.items():
            self.metrics[stage][name].update(value, 1)

    def on_test_epoch_end(self) -> None:
        """Logs the costs, and the share of the first cost that is gone."""
        if self.first_cost > 0:
            cost = self.metrics["test"]["cost"].compute()
            self.log("test/fall", 1 - cost / self.first_cost, sync_dist=False)
        super().on_test_epoch_end()

    def on_validation_epoch_end(self) -> None:
        """Logs the costs, and saves the image of the epoch as `images/epoch_N.png` of the run."""
        super().on_validation_epoch_end()
        if self.trainer.state.fn == "fit" and not self.trainer.fast_dev_run:  # type: ignore[attr-defined]
            folder = Path(self.trainer.default_root_dir) / "images"
            self.save(folder / f"epoch_{self.current_epoch + 1:03}.png", self.trainer.datamodule)  # type: ignore[attr-defined]

    @rank_zero_only
    def save(self, path: Path, datamodule: DataModule) -> None:
        """Writes the image, with the colors of the content if requested."""
        path.parent.mkdir(parents=True, exist_ok=True)
        picture = self.picture.cpu()
        if self.original_colors:
            batch: PairBatch = datamodule.dataset("train")[torch.zeros(1, dtype=torch.long)]
            picture = keep_colors(picture, batch.content)
        to_pil_image(to_bytes(picture)).save(path)
