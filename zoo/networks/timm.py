"""Any image classifier of timm, as a class that checkpoints can build again."""

from typing import Any

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError


class Timm(nn.Module):
    """A network of timm (Wightman, 2019, github.com/huggingface/pytorch-image-models) by its name there.

    `options` are further arguments of `timm.create_model`. Weights of a file load into the network itself.

    Raises:
        ZooError: timm has no such architecture, or an option does not suit it.
        ModuleNotFoundError: timm is not installed.
    """

    def __init__(
        self,
        *,
        architecture: str,
        num_classes: int = 1000,
        in_channels: int = 3,
        options: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        import timm

        if not timm.is_model(architecture):  # a name of a hub would download
            close = ", ".join(timm.list_models(f"*{architecture[:6]}*")[:5]) or "timm.list_models() lists all"
            raise ZooError(f"`architecture` (={architecture}) is no network of timm: {close}")
        try:
            self.backbone = timm.create_model(
                architecture, pretrained=False, num_classes=num_classes, in_chans=in_channels, **(options or {})
            )
        except TypeError as error:
            raise ZooError(f"`options` (={options}): {error}") from error

    def forward(self, images: Float[Tensor, "b c h w"]) -> Float[Tensor, "b k"]:
        """Returns the logits."""
        logits: Tensor = self.backbone(images)
        return logits
