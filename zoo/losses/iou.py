"""IoU losses of boxes."""

from typing import cast, get_args

from jaxtyping import Float
from torch import Tensor, nn

from zoo.errors import ZooError
from zoo.ops.iou import Overlap, overlap


class BoxLoss(nn.Module):
    """Mean of 1 − IoU, GIoU, DIoU or CIoU over pairs of xyxy boxes in pixels; 0 without pairs.

    Raises:
        ZooError: an unknown `kind`.
    """

    def __init__(self, *, kind: str = "ciou") -> None:
        super().__init__()
        if kind not in get_args(Overlap):
            raise ZooError(f"`box_iou` (={kind}) must be one of: {', '.join(get_args(Overlap))}")
        self.kind = cast(Overlap, kind)

    def forward(self, predicted: Float[Tensor, "n 4"], target: Float[Tensor, "n 4"]) -> Float[Tensor, ""]:
        """Returns the mean over the pairs, with a graph even without pairs."""
        loss = 1 - overlap(predicted, target, self.kind)
        return loss.sum() / max(len(loss), 1)
